// A real PDS with its directory of DIDs (@atproto/dev-env), and beside it a stand-in for the AppView
// to which a PDS hands what the whole network knows: it reads the repositories of the PDS and shows
// their records. Never a record or a session of its own.
import http from "node:http";
import readline from "node:readline";

process.env.LOG_ENABLED = "false";
// The clock of the PDS can be set forward, so that its tokens run out.
let forward = 0;
const Clock = Date;
globalThis.Date = class extends Clock {
  constructor(...given) { given.length ? super(...given) : super(Clock.now() + forward); }
  static now() { return Clock.now() + forward; }
};
const { TestNetworkNoAppView } = await import("@atproto/dev-env");
const { AtpAgent } = await import("@atproto/api");

const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");
const APP_VIEW = "did:example:appview";
const POST = "app.bsky.feed.post";
let pds;

const xrpc = async (method, query) => {
  const answer = await fetch(`${pds.url}/xrpc/${method}?${new URLSearchParams(query)}`);
  return answer.ok ? await answer.json() : undefined;
};

/** Every post on the PDS, oldest first by when it was first seen. */
const seen = new Map();
const posts = async () => {
  const found = [];
  for (const { did } of (await xrpc("com.atproto.sync.listRepos", {})).repos) {
    const { handle } = await xrpc("com.atproto.repo.describeRepo", { repo: did });
    const { records } = await xrpc("com.atproto.repo.listRecords", { repo: did, collection: POST });
    for (const record of records.reverse()) {
      if (!seen.has(record.uri)) seen.set(record.uri, new Clock().toISOString());
      found.push({ ...record, author: { did, handle, displayName: "" } });
    }
  }
  return found.sort((a, b) => seen.get(a.uri).localeCompare(seen.get(b.uri)));
};

const blob = (did, ref) => `${pds.url}/xrpc/com.atproto.sync.getBlob?${new URLSearchParams({ did, cid: ref.$link })}`;
const view = ({ uri, cid, author, value }) => {
  const shown = { $type: "app.bsky.feed.defs#postView", uri, cid, author, record: value, indexedAt: seen.get(uri) };
  const images = value.embed?.images?.map(({ image, alt }) =>
    ({ thumb: blob(author.did, image.ref), fullsize: blob(author.did, image.ref), alt }));
  return images ? { ...shown, embed: { $type: "app.bsky.embed.images#view", images } } : shown;
};

const reasonFor = (me, { author, value }) => {
  const features = (value.facets ?? []).flatMap((facet) => facet.features);
  if (author.did === me) return undefined;
  if (value.reply?.parent.uri.includes(me)) return "reply";
  return features.some((feature) => feature.did === me) ? "mention" : undefined;
};

const methods = {
  "app.bsky.notification.listNotifications": async (me) => ({
    notifications: (await posts()).reverse().flatMap((post) => {
      const { uri, cid, author, value } = post;
      const reason = reasonFor(me, post);
      return reason ? [{ uri, cid, author, reason, record: value, isRead: false, indexedAt: seen.get(uri) }] : [];
    }),
  }),
  "app.bsky.feed.getPosts": async (_, query) => ({
    posts: (await posts()).filter(({ uri }) => query.getAll("uris").includes(uri)).map(view),
  }),
  "app.bsky.actor.getProfile": async (_, query) => {
    const { did, handle } = await xrpc("com.atproto.repo.describeRepo", { repo: query.get("actor") });
    return { did, handle };
  },
};

/** Whose question it is: the PDS vouches for its user with a token made for this method alone. */
const asker = (request, method) => {
  const [, token] = (request.headers.authorization ?? "").split("Bearer ");
  const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
  if (!claims.aud.startsWith(APP_VIEW) || claims.lxm !== method) throw new Error("a token for others");
  return claims.iss;
};

let asked = 0;
const appView = http.createServer(async (request, response) => {
  const url = new URL(request.url, "http://appview");
  const method = url.pathname.replace("/xrpc/", "");
  const answer = (status, body) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  try {
    asked += 1;
    if (!methods[method]) return answer(501, { error: "MethodNotImplemented", message: method });
    answer(200, await methods[method](asker(request, method), url.searchParams));
  } catch (error) {
    answer(500, { error: "InternalServerError", message: String(error) });
  }
});
await new Promise((ready) => appView.listen(0, "127.0.0.1", ready));

const network = await TestNetworkNoAppView.create({
  pds: { bskyAppViewUrl: `http://127.0.0.1:${appView.address().port}`, bskyAppViewDid: APP_VIEW },
});
pds = network.pds;

const account = async (name) => {
  const agent = new AtpAgent({ service: pds.url });
  await agent.createAccount({ handle: `${name}.test`, email: `${name}@example.com`, password: `${name}-password` });
  return agent;
};
const alice = await account("alice");
const city = await account("city120");
const made = await city.com.atproto.server.createAppPassword({ name: "dasan" });
say({ pds: pds.url, alice: alice.did, city: city.did, password: made.data.password });

async function act(order) {
  switch (order.command) {
    case "forward": forward += order.hours * 3600_000; return {};
    case "asked": return { asked };
  }
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  try {
    say(await act(JSON.parse(line)));
  } catch (error) {
    say({ error: String(error?.stack ?? error) });
  }
}
process.exit(0);
