// Twilio's own library for the tests: signs what it posts, and sends by its own client.
// Usage: node twilio.cjs <folder with node_modules>. Never part of the product.
'use strict';
const path = require('path');
const modules = path.join(process.argv[2], 'node_modules');
const twilio = require(path.join(modules, 'twilio'));
const { getExpectedTwilioSignature } = require(path.join(modules, 'twilio/lib/webhooks/webhooks'));

const tell = (event) => process.stdout.write(JSON.stringify(event) + '\n');

const orders = {
  async post(order) {
    const signature = getExpectedTwilioSignature(order.token, order.signed, order.fields);
    const answer = await fetch(order.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-twilio-signature': signature,
      },
      body: new URLSearchParams(order.tampered || order.fields).toString(),
    });
    tell({ event: 'answered', status: answer.status, body: await answer.text() });
  },
  async send(order) {
    const client = twilio(order.account, order.token);
    client.api.baseUrl = order.api;
    const sent = await client.messages.create(order.message);
    tell({ event: 'sent', sid: sent.sid, status: sent.status });
  },
};

let begun = '';
process.stdin.on('data', async (data) => {
  const lines = (begun + data).split('\n');
  begun = lines.pop();
  for (const line of lines) {
    const order = JSON.parse(line);
    await orders[order.do](order);
    tell({ event: 'done' });
  }
});
process.stdin.on('end', () => process.exit(0));
