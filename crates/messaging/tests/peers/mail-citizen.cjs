// A citizen's mail program (npm nodemailer) that delivers by SMTP or LMTP to our listener.
// Arguments: folder of node_modules, port, and the message as nodemailer has it, in JSON.
const [modules, port, message, lmtp] = process.argv.slice(2);
const nodemailer = require(modules + "/node_modules/nodemailer");
const transport = nodemailer.createTransport({
  host: "127.0.0.1", port: Number(port), secure: false, ignoreTLS: true, lmtp: lmtp === "lmtp",
});
transport.sendMail(JSON.parse(message)).then(
  (sent) => console.log(JSON.stringify({ accepted: sent.accepted, rejected: sent.rejected, response: sent.response })),
  (error) => console.log(JSON.stringify({ code: error.responseCode })),
);
