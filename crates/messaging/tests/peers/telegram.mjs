// The Bot API by telegram-test-api, and a citizen who writes to the bot. Commands come as JSON
// lines. Never our own idea of Telegram.
import readline from "node:readline";
import net from "node:net";
import api from "telegram-test-api";

const TelegramServer = api.default ?? api;
const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");
const free = () => new Promise((found) => {
  const probe = net.createServer().listen(0, "127.0.0.1", () => {
    const { port } = probe.address();
    probe.close(() => found(port));
  });
});
const server = new TelegramServer({ port: await free(), host: "127.0.0.1" });
await server.start();
const token = "120:secret";
const citizen = server.getClient(token, { userId: 77, chatId: 77, firstName: "민지" });
say({ origin: server.config.apiURL });

for await (const line of readline.createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  try {
    if (order.command === "write") {
      say(await citizen.sendMessage(citizen.makeMessage(order.text)));
    } else if (order.command === "hear") {
      const history = await citizen.getUpdatesHistory();
      say({ heard: history.filter((one) => "chat_id" in one.message).map((one) => one.message) });
    }
  } catch (error) {
    say({ error: String(error?.stack ?? error) });
  }
}
process.exit(0);
