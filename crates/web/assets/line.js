// A WebRTC line of the page: microphone in, one sound out. Never says what a button does.

/** Why there is no microphone: insecure, refused or missing. */
export class NoMicrophone extends Error {
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

/** Opens the microphone. */
export const microphone = async () => {
  if (!navigator.mediaDevices?.getUserMedia) throw new NoMicrophone("insecure");
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
  } catch (error) {
    throw new NoMicrophone(error.name === "NotFoundError" ? "missing" : "refused");
  }
};

const gathered = (peer) =>
  new Promise((done) => {
    if (peer.iceGatheringState === "complete") done();
    peer.addEventListener("icegatheringstatechange", () => {
      if (peer.iceGatheringState === "complete") done();
    });
    setTimeout(done, 1500);
  });

/**
 * Connects a microphone with the center. `exchange` takes the offer and returns the answer;
 * `changed` hears "connected", "disconnected", "failed".
 */
export const connect = async (stream, audio, exchange, changed) => {
  const peer = new RTCPeerConnection();
  for (const track of stream.getAudioTracks()) peer.addTrack(track, stream);
  peer.addEventListener("track", (event) => {
    audio.srcObject = event.streams[0] ?? new MediaStream([event.track]);
    audio.play().catch(() => {});
  });
  peer.addEventListener("connectionstatechange", () => changed(peer.connectionState));
  try {
    await peer.setLocalDescription(await peer.createOffer());
    await gathered(peer);
    await peer.setRemoteDescription({ type: "answer", sdp: await exchange(peer.localDescription.sdp) });
  } catch (error) {
    peer.close();
    throw error;
  }
  return peer;
};

/**
 * Speaks in the codec that the center names, so that nobody has to translate. A browser that cannot
 * change, or does not have it, goes on as it is: the center understands that, too.
 */
export const speak = async (peer, name) => {
  const sender = peer?.getSenders().find((one) => one.track?.kind === "audio");
  const parameters = sender?.getParameters();
  const named = (codec) => codec?.mimeType.toLowerCase() === `audio/${name}`.toLowerCase();
  const codec = parameters?.codecs?.find(named);
  const encoding = parameters?.encodings?.[0];
  if (!name || !codec || !encoding || named(encoding.codec)) return;
  encoding.codec = codec;
  try {
    await sender.setParameters(parameters);
  } catch (refused) {
    console.info(`this browser goes on as it is: ${refused.message}`);
  }
};
