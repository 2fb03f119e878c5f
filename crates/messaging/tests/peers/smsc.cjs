// A carrier's gateway for the tests: node-smpp serves, lines of JSON steer it and tell what it saw.
// With a key and a certificate it speaks TLS.
// Usage: node smsc.cjs <folder with node_modules> [key certificate]. Never part of the product.
'use strict';
const fs = require('fs');
const path = require('path');
const modules = path.join(process.argv[2], 'node_modules');
const smpp = require(path.join(modules, 'smpp'));
const iconv = require(path.join(modules, 'iconv-lite'));

let sessions = [];
let submit = { how: 'ok', left: 0, status: 0 };
let receipts = 'none';
let answering = true;
let next = 0xabcd;
let port = 0;
let server;

const tell = (event) => process.stdout.write(JSON.stringify(event) + '\n');

function textOf(pdu) {
  const held = pdu.message_payload || pdu.short_message;
  const message = held && held.message !== undefined ? held.message : held;
  if (!Buffer.isBuffer(message)) return message;
  return pdu.data_coding === 0x0e ? iconv.decode(message, 'euc-kr') : message.toString('hex');
}

function receipt(session, pdu, id) {
  const hex = id.toString(16).toUpperCase();
  const text = (said) =>
    `id:${said} sub:001 dlvrd:001 submit date:2611240101 done date:2611240102 stat:DELIVRD err:000 text:`;
  const shapes = {
    tlv: { short_message: '', receipted_message_id: hex, message_state: 2 },
    text: { short_message: text(hex) },
    decimal: { short_message: text(String(id)) },
    zeros: { short_message: text('0000' + hex.toLowerCase()) },
    failed: { short_message: text(hex).replace('DELIVRD', 'UNDELIV') },
  };
  session.deliver_sm({
    source_addr: pdu.destination_addr,
    destination_addr: pdu.source_addr,
    esm_class: 4,
    data_coding: 0,
    ...shapes[receipts],
  });
}

function onSubmit(session, pdu) {
  const short = pdu.short_message || {};
  tell({
    event: 'submit',
    from: pdu.source_addr,
    to: pdu.destination_addr,
    text: textOf(pdu),
    udh: short.udh ? Buffer.concat([].concat(short.udh)).toString('hex') : '',
    coding: pdu.data_coding,
    sar: [pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum],
    payload: pdu.message_payload !== undefined,
    refused: submit.how === 'status' && submit.left > 0,
  });
  if (submit.how === 'silent') return;
  if (submit.how === 'status' && submit.left > 0) {
    submit.left -= 1;
    session.send(pdu.response({ command_status: submit.status }));
    return;
  }
  const id = next++;
  session.send(pdu.response({ message_id: id.toString(16).toUpperCase() }));
  if (receipts !== 'none') receipt(session, pdu, id);
}

function onSession(session) {
  const bind = (pdu) => {
    const right = pdu.password === 'secret';
    session.send(pdu.response(right ? {} : { command_status: smpp.ESME_RBINDFAIL }));
    tell({ event: 'bind', command: pdu.command, version: pdu.interface_version, right });
    if (right) {
      sessions.push(session);
    } else {
      session.close();
    }
  };
  session.on('error', () => {});
  session.on('close', () => {
    const bound = sessions.includes(session);
    sessions = sessions.filter((other) => other !== session);
    if (bound) tell({ event: 'closed' });
  });
  for (const command of ['bind_transceiver', 'bind_receiver', 'bind_transmitter']) {
    session.on(command, bind);
  }
  session.on('submit_sm', (pdu) => onSubmit(session, pdu));
  session.on('enquire_link', (pdu) => {
    tell({ event: 'enquired' });
    if (answering) session.send(pdu.response());
  });
  session.on('unbind', (pdu) => {
    tell({ event: 'unbind' });
    session.send(pdu.response());
    session.close();
  });
  for (const command of ['deliver_sm_resp', 'data_sm_resp', 'generic_nack', 'enquire_link_resp']) {
    session.on(command, (pdu) =>
      tell({ event: 'answer', command, sequence: pdu.sequence_number, status: pdu.command_status }),
    );
  }
}

function listen() {
  const [key, cert] = process.argv.slice(3).map((file) => fs.readFileSync(file));
  server = smpp.createServer(key ? { key, cert } : {}, onSession);
  server.on('error', (error) => tell({ event: 'error', error: String(error) }));
  server.listen(port, '127.0.0.1', () => {
    port = server.address().port;
    tell({ event: 'listening', port });
  });
}

// A text as octets, divided wherever the size says, a letter's own octets included.
function parts(order) {
  const octets = iconv.encode(order.text, order.coding === 0x0e ? 'euc-kr' : 'utf16-be');
  const total = Math.ceil(octets.length / order.size);
  const all = [];
  for (let at = 0; at < total; at++) {
    const slice = octets.subarray(at * order.size, (at + 1) * order.size);
    const number = at + 1;
    const pdu = { data_coding: order.coding, source_addr: order.from, destination_addr: '120' };
    if (order.joining === 'sar') {
      pdu.short_message = slice;
      pdu.sar_msg_ref_num = order.reference;
      pdu.sar_total_segments = total;
      pdu.sar_segment_seqnum = number;
    } else {
      const wide = order.joining === 'udh16';
      const reference = wide ? [8, 4, order.reference >> 8, order.reference & 255] : [0, 3, order.reference];
      const elements = Buffer.from([...reference, total, number]);
      pdu.short_message = Buffer.concat([Buffer.from([elements.length]), elements, slice]);
      pdu.esm_class = 0x40;
    }
    all.push(pdu);
  }
  return all;
}

const orders = {
  deliver(order) {
    const { octets, ...pdu } = order.pdu;
    if (octets) pdu.short_message = Buffer.from(octets);
    sessions[order.session || 0].deliver_sm(pdu);
  },
  data: (order) => sessions[0].data_sm(order.pdu),
  long(order) {
    const all = parts(order);
    tell({ event: 'parts', total: all.length });
    const which = order.only || all.map((_, at) => at);
    if (!order.only) which.sort((one, other) => ((one * 7) % 17) - ((other * 7) % 17));
    which.forEach((at) => sessions[order.session || 0].deliver_sm(all[at]));
  },
  raw: (order) => sessions[0].socket.write(Buffer.from(order.bytes)),
  submit: (order) => (submit = order),
  receipts: (order) => (receipts = order.how),
  answering: (order) => (answering = order.on),
  enquire: () => sessions[0].enquire_link(),
  unbind: () => sessions[0].unbind(),
  kill() {
    server.close();
    sessions.forEach((session) => session.destroy());
  },
  listen,
};

let begun = '';
process.stdin.on('data', (data) => {
  const lines = (begun + data).split('\n');
  begun = lines.pop();
  lines.forEach((line) => {
    const order = JSON.parse(line);
    orders[order.do](order);
    tell({ event: 'done' });
  });
});
process.stdin.on('end', () => process.exit(0));
listen();
