// A server of the fediverse by fedify with two people on it, alice and bob. Commands come as JSON
// lines, answers go as JSON lines. Never knows how our side does anything.
import "./older-node.mjs";
import {
  createFederation, MemoryKvStore, InProcessMessageQueue, Person, Create, Note, Mention, Follow,
  Accept, Update, Delete, Tombstone, Undo, Image, Document, Endpoints, generateCryptoKeyPair,
  signRequest, verifyRequest, getDocumentLoader, LanguageString, PUBLIC_COLLECTION,
} from "@fedify/fedify";
import http from "node:http";
import readline from "node:readline";

const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");
const people = ["alice", "bob"];
const keys = Object.fromEntries(await Promise.all(
  people.map(async (name) => [name, await generateCryptoKeyPair("RSASSA-PKCS1-v1_5")]),
));
// Newer servers have a second key. Fedify shows such keys and believes them, but signs requests with
// RSA alone, so signatures by them are made with the cryptography of Node.
const younger = Object.fromEntries(await Promise.all(
  people.map(async (name) => [name, await generateCryptoKeyPair("Ed25519")]),
));
let federation;
const heard = [];

function build(firstKnock) {
  const kv = new MemoryKvStore();
  const options = { kv, allowPrivateAddress: true, firstKnock };
  const made = createFederation(options);
  made.setActorDispatcher("/users/{identifier}", async (ctx, identifier) => {
    if (!people.includes(identifier)) return null;
    const pairs = await ctx.getActorKeyPairs(identifier);
    return new Person({
      id: ctx.getActorUri(identifier), preferredUsername: identifier, name: `${identifier} 시민`,
      inbox: ctx.getInboxUri(identifier),
      endpoints: new Endpoints({ sharedInbox: ctx.getInboxUri() }),
      publicKeys: pairs.map((pair) => pair.cryptographicKey),
      assertionMethods: pairs.map((pair) => pair.multikey),
    });
  }).setKeyPairsDispatcher((_, identifier) => [keys[identifier], younger[identifier]]);
  made.setInboxListeners("/users/{identifier}/inbox", "/inbox")
    .on(Create, async (_, create) => {
      const note = await create.getObject();
      const tags = [];
      for await (const tag of note.getTags()) tags.push(tag.href?.href);
      const files = [];
      for await (const file of note.getAttachments()) files.push(file.url?.href ?? "");
      heard.push({
        kind: "Create", id: create.id.href, note: note.id.href, content: note.content?.toString(),
        actor: create.actorId.href, inReplyTo: note.replyTargetId?.href ?? null, tags, files,
        to: note.toIds.map((id) => id.href), cc: note.ccIds.map((id) => id.href),
      });
    })
    .on(Accept, async (_, accept) => {
      heard.push({ kind: "Accept", object: accept.objectId?.href ?? null });
    });
  return made;
}

let busy = false;
let pictures = 0;
const picture = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const server = http.createServer(async (incoming, outgoing) => {
  const chunks = [];
  for await (const chunk of incoming) chunks.push(chunk);
  if (incoming.url === "/pothole.png") {
    pictures += 1;
    outgoing.writeHead(200, { "content-type": "image/png" }).end(picture);
    return;
  }
  if (busy && incoming.method === "POST") {
    outgoing.writeHead(503, { "retry-after": "120" }).end();
    return;
  }
  const body = ["GET", "HEAD"].includes(incoming.method) ? undefined : Buffer.concat(chunks);
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) headers.set(name, String(value));
  const request = new Request(`${origin}${incoming.url}`, { method: incoming.method, headers, body });
  const response = await federation.fetch(request, { contextData: undefined });
  const status = response.status;
  if (incoming.method === "POST") heard.push({ kind: "Status", status });
  outgoing.writeHead(status, Object.fromEntries(response.headers));
  outgoing.end(Buffer.from(await response.arrayBuffer()));
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const origin = `http://127.0.0.1:${server.address().port}`;
federation = build("draft-cavage-http-signatures-12");
const context = () => federation.createContext(new URL(origin), undefined);
const recipient = (to) => ({ id: new URL(to), inboxId: new URL(`${to}/inbox`) });

function note(ctx, order) {
  const author = ctx.getActorUri(order.author);
  return new Note({
    id: new URL(`${origin}/notes/${order.id}`), attribution: author,
    contents: order.language
      ? [order.content, new LanguageString(order.content, order.language)] : [order.content],
    replyTarget: order.inReplyTo ? new URL(order.inReplyTo) : undefined,
    to: order.public ? PUBLIC_COLLECTION : new URL(order.to),
    ccs: order.public && !order.bystander ? [new URL(order.to)] : [],
    tags: order.bystander ? [] : [new Mention({ href: new URL(order.to), name: "@120" })],
    attachments: order.picture
      ? [new Document({ url: new URL(order.picture), mediaType: "image/png", name: "포트홀" })] : [],
  });
}

function activity(ctx, order) {
  const actor = ctx.getActorUri(order.author);
  const id = new URL(`${origin}/activities/${order.activity ?? order.id}`);
  const object = () => note(ctx, order);
  const follow = () => new Follow({
    id: new URL(`${origin}/activities/follow-${order.author}`), actor, object: new URL(order.to),
  });
  switch (order.verb) {
    case "create": return new Create({ id, actor, object: object(), to: new URL(order.to) });
    case "update": return new Update({ id, actor, object: object(), to: new URL(order.to) });
    case "delete": return new Delete({
      id, actor, object: new Tombstone({ id: new URL(`${origin}/notes/${order.id}`) }),
    });
    case "follow": return follow();
    case "unfollow": return new Undo({ id, actor, object: follow() });
  }
}

/// Signs a request without sending it, so that the test can spoil it.
async function signed(ctx, order) {
  const made = activity(ctx, { ...order, author: order.author });
  const body = JSON.stringify(await made.toJsonLd({ contextLoader: ctx.contextLoader }));
  const signer = order.signer ?? order.author;
  const request = new Request(order.inbox, {
    method: "POST", body, headers: { "content-type": "application/activity+json" },
  });
  const keyId = new URL(`${origin}/users/${signer}#main-key`);
  const currentTime = order.hoursAgo
    ? Temporal.Now.instant().subtract({ hours: order.hoursAgo }) : undefined;
  const done = await signRequest(request, keys[signer].privateKey, keyId,
    { spec: order.spec, currentTime });
  return { headers: Object.fromEntries(done.headers), body: await done.text() };
}

const encoder = new TextEncoder();
const base64 = (bytes) => Buffer.from(bytes).toString("base64");

/// Signs a request with the second key of its signer after RFC 9421 or cavage-12.
async function signedYounger(ctx, order) {
  const made = activity(ctx, order);
  const body = JSON.stringify(await made.toJsonLd({ contextLoader: ctx.contextLoader }));
  const digest = base64(await crypto.subtle.digest("SHA-256", encoder.encode(body)));
  const { host, pathname } = new URL(order.inbox);
  const signer = order.signer ?? order.author;
  const keyId = `${origin}/users/${signer}#${order.key ?? "key-2"}`;
  const date = new Date(Date.now() - (order.hoursAgo ?? 0) * 3600_000);
  const sign = async (base) =>
    base64(await crypto.subtle.sign("Ed25519", younger[signer].privateKey, encoder.encode(base)));
  const headers = { "content-type": "application/activity+json", date: date.toUTCString() };
  if (order.spec === "rfc9421") {
    headers["content-digest"] = `sha-256=:${digest}:`;
    const alg = order.algorithm ? `;alg="${order.algorithm}"` : "";
    const input = `("@method" "@target-uri" "content-digest");created=${Math.floor(date / 1000)};keyid="${keyId}"${alg}`;
    const base = `"@method": POST\n"@target-uri": ${order.inbox}\n"content-digest": ${headers["content-digest"]}\n"@signature-params": ${input}`;
    headers["signature-input"] = `sig1=${input}`;
    headers.signature = `sig1=:${await sign(base)}:`;
  } else {
    headers.digest = `SHA-256=${digest}`;
    const base = `(request-target): post ${pathname}\nhost: ${host}\ndate: ${headers.date}\ndigest: ${headers.digest}`;
    const how = `keyId="${keyId}",algorithm="${order.algorithm}",headers="(request-target) host date digest"`;
    headers.signature = `${how},signature="${await sign(base)}"`;
  }
  if (order.spec !== "rfc9421" || order.key === "multikey-2") return { headers, body };
  // What fedify itself thinks of it: of such keys it looks for those in PEM, and only so signed.
  const request = new Request(order.inbox, { method: "POST", body, headers: { ...headers, host } });
  const loader = getDocumentLoader({ allowPrivateAddress: true });
  const believed = await verifyRequest(request, { documentLoader: loader, contextLoader: loader });
  return { headers, body, believed: believed?.id?.href ?? null };
}

async function act(order) {
  const ctx = context();
  switch (order.command) {
    case "knock": federation = build(order.spec); return {};
    case "send":
      await ctx.sendActivity({ identifier: order.author }, recipient(order.to),
        activity(ctx, order), { immediate: true });
      return {};
    case "look-up": {
      const found = await ctx.lookupObject(order.what);
      return { id: found?.id?.href ?? null, kind: found?.constructor?.name, name: found?.name };
    }
    case "sign-younger": return await signedYounger(ctx, order);
    case "sign": return await signed(ctx, order);
    case "new-key": keys[order.author] = await generateCryptoKeyPair("RSASSA-PKCS1-v1_5"); return {};
    case "busy": busy = order.busy; return {};
    case "heard": return { heard, pictures };
  }
}

say({ origin });
for await (const line of readline.createInterface({ input: process.stdin })) {
  try {
    say(await act(JSON.parse(line)));
  } catch (error) {
    say({ error: String(error?.stack ?? error) });
  }
}
process.exit(0);
