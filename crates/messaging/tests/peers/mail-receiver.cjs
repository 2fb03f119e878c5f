// A mail server (npm smtp-server) that takes what we send, or refuses as its address says.
// Arguments: folder of node_modules, key file, certificate file.
const [modules, key, cert] = process.argv.slice(2);
const { SMTPServer } = require(modules + "/node_modules/smtp-server");
const fs = require("fs");

const say = (event) => process.stdout.write(JSON.stringify(event) + "\n");
const refusal = (code, text) => Object.assign(new Error(text), { responseCode: code });

const server = new SMTPServer({
  secure: true,
  key: fs.readFileSync(key),
  cert: fs.readFileSync(cert),
  onAuth(auth, session, done) {
    const right = auth.username === "120" && auth.password === "secret";
    right ? done(null, { user: "120" }) : done(refusal(535, "5.7.8 wrong"));
  },
  onRcptTo(address, session, done) {
    const name = address.address.split("@")[0];
    if (name === "never") return done(refusal(550, "5.1.1 <never> unknown"));
    if (name === "later") return done(refusal(451, "4.7.1 greylisted"));
    done();
  },
  onData(stream, session, done) {
    const chunks = [];
    stream.on("data", (chunk) => chunks.push(chunk));
    stream.on("end", () => {
      const to = session.envelope.rcptTo.map((one) => one.address);
      const raw = Buffer.concat(chunks).toString("base64");
      say({ event: "mail", from: session.envelope.mailFrom.address, to, raw });
      // The line breaks before the answer: the sender cannot know.
      if (to[0].startsWith("vanish")) return process.exit(0);
      if (to[0].startsWith("full")) return done(refusal(452, "4.2.2 full"));
      done(null, "queued");
    });
  },
});
server.on("error", () => {});
server.listen(0, "127.0.0.1", () => say({ event: "listening", port: server.server.address().port }));
