// A citizen with @atproto/api, the network's own client, which checks what a server answers and
// what a record holds. Commands come as JSON lines.
import readline from "node:readline";
import { AtpAgent, RichText, AppBskyFeedPost, jsonToLex } from "@atproto/api";

const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");
const dot = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const agent = new AtpAgent({ service: process.argv[2] });
await agent.login({ identifier: "alice.test", password: "alice-password" });
say({ did: agent.did });

async function act(order) {
  switch (order.command) {
    case "post": {
      const rich = new RichText({ text: order.text });
      await rich.detectFacets(agent);
      const record = { text: rich.text, facets: rich.facets, langs: ["ko"], reply: order.reply };
      if (order.picture) {
        const { data } = await agent.uploadBlob(dot, { encoding: "image/png" });
        record.embed = {
          $type: "app.bsky.embed.images", images: [{ image: data.blob, alt: order.picture }],
        };
      }
      return await agent.post(record);
    }
    case "delete": await agent.deletePost(order.uri); return {};
    // What the network would say to a record of the city, and how its links read.
    case "check": {
      const found = AppBskyFeedPost.validateRecord(jsonToLex(order.record));
      const rich = new RichText({ text: order.record.text, facets: order.record.facets });
      const links = [...rich.segments()].filter((one) => one.link || one.mention)
        .map((one) => [one.text, one.link?.uri ?? one.mention?.did]);
      return { valid: found.success, why: String(found.error ?? ""), links, letters: rich.graphemeLength };
    }
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
