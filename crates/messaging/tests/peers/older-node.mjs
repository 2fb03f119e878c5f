// What fedify expects of newer Node.js.
import { Temporal } from "@js-temporal/polyfill";

globalThis.Temporal ??= Temporal;
ArrayBuffer.prototype.transfer ??= function transfer(length = this.byteLength) {
  const moved = new Uint8Array(length);
  moved.set(new Uint8Array(this).subarray(0, length));
  return moved.buffer;
};
