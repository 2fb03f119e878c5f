// A carrier's gateway in a storm, as a real one: it holds what nobody acknowledged and delivers it
// again, by whichever bind is there next; it takes what comes and sends a receipt for it.
// Usage: node smsc.cjs <folder with node_modules>. Never part of the product.
'use strict';
const path = require('path');
const smpp = require(path.join(process.argv[2], 'node_modules', 'smpp'));

const WINDOW = 50;
// How long it takes for an answer: as long a text is on its way and nobody knows.
const ANSWER_MS = 150;
const OK = 0;
const tell = (event) => process.stdout.write(JSON.stringify(event) + '\n');

let bound = null;
let flying = new Set();
const waiting = [];
const texts = new Map();
const submits = [];
const refused = [];
let again = 0;
let busy = Date.now();
let total = 0;

function answered(item, status) {
  busy = Date.now();
  if (status === OK) {
    if (item.text) item.text.open -= 1;
    return;
  }
  if (status !== smpp.ESME_RX_T_APPN && status !== smpp.ESME_RTHROTTLED) refused.push(status);
  setTimeout(() => waiting.push(item), 100);
}

function pump() {
  while (bound && flying.size < WINDOW && waiting.length > 0) {
    const [session, item] = [bound, waiting.shift()];
    flying.add(item);
    if (item.left) again += 1;
    item.left = true;
    session.deliver_sm(item.pdu, (pdu) => {
      // An answer that comes by a line that is gone was never heard.
      if (session !== bound || !flying.delete(item)) return;
      answered(item, pdu.command_status);
    });
  }
}

function closed(session) {
  if (session !== bound) return;
  bound = null;
  waiting.unshift(...flying);
  flying = new Set();
}

function receipt(pdu, id) {
  const done = `id:${id} sub:001 dlvrd:001 submit date:2611240101 done date:2611240102 stat:DELIVRD err:000 text:`;
  const from = { source_addr: pdu.destination_addr, source_addr_ton: 1, source_addr_npi: 1 };
  waiting.push({ pdu: { ...from, destination_addr: '120', esm_class: 4, short_message: done } });
}

function onSession(session) {
  session.on('error', () => {});
  session.on('close', () => closed(session));
  session.on('bind_transceiver', (pdu) => {
    session.send(pdu.response());
    closed(bound);
    bound = session;
    tell({ event: 'bind' });
  });
  session.on('generic_nack', (pdu) => tell({ event: 'nack', status: pdu.command_status }));
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => {
    session.send(pdu.response());
    session.close();
  });
  session.on('submit_sm', (pdu) => {
    busy = Date.now();
    const { message } = pdu.message_payload || pdu.short_message;
    if (total === 0) tell({ event: 'submit', to: pdu.destination_addr, text: message });
    const id = (submits.push({ to: pdu.destination_addr, text: message }) + 0x1000).toString(16);
    setTimeout(() => {
      session.send(pdu.response({ message_id: id }));
      receipt(pdu, id);
    }, ANSWER_MS);
  });
}

// Text number `n`: every tenth is urgent, every tenth comes in two parts, every fiftieth is too long;
// the others come from four hundred citizens.
function text(n) {
  const kind = n % 10 === 0 ? 'urgent' : n % 10 === 5 ? 'parted' : n % 50 === 7 ? 'over' : 'plain';
  const citizen = kind === 'plain' ? n % 400 : 10_000 + n;
  const said = {
    urgent: `3층에 불이 났어요 살려주세요 ${n}`,
    parted: `${n} ` + '가로등이 꺼졌습니다 '.repeat(8) + n,
    over: `${n} ` + '가'.repeat(1_001),
    plain: `버스가 오지 않아요 ${n}`,
  }[kind];
  return { kind, from: `8210${String(50_000_000 + citizen)}`, said };
}

function pdus(n, { kind, from, said }) {
  const head = { source_addr: from, source_addr_ton: 1, source_addr_npi: 1, destination_addr: '120' };
  const whole = { ...head, data_coding: 8 };
  if (kind === 'over') return [{ ...whole, message_payload: said }];
  if (kind !== 'parted') return [{ ...whole, short_message: said }];
  const octets = Buffer.from(said, 'utf16le').swap16();
  const parts = [octets.subarray(0, 134), octets.subarray(134)];
  return parts.map((part, at) => ({
    ...whole,
    esm_class: 0x40,
    short_message: Buffer.concat([Buffer.from([5, 0, 3, n & 255, 2, at + 1]), part]),
  }));
}

function come() {
  const n = total++;
  const own = text(n);
  const all = pdus(n, own);
  const known = { ...own, open: all.length };
  texts.set(n, known);
  waiting.push(...all.map((pdu) => ({ pdu, text: known })));
}

const orders = {
  // So many texts a second until told to stop, by the clock and not by how many a timer allows.
  storm({ rate }) {
    const begun = Date.now();
    const before = total;
    const timer = setInterval(() => {
      const due = ((Date.now() - begun) * rate) / 1_000;
      while (total - before < due) come();
      pump();
    }, 10);
    orders.calm = () => clearInterval(timer);
  },
  calm: () => {},
  // One text of a citizen.
  text({ from, said }) {
    const head = { source_addr: from, source_addr_ton: 1, source_addr_npi: 1, destination_addr: '120' };
    waiting.push({ pdu: { ...head, data_coding: 8, short_message: said } });
  },
  quiet() {
    const over = () => waiting.length === 0 && flying.size === 0 && Date.now() - busy > 3_000;
    const timer = setInterval(() => {
      if (!over()) return;
      clearInterval(timer);
      const all = [...texts.values()].map(({ from, said, open }) => ({ from, said, open }));
      tell({ event: 'quiet', texts: all, submits, again, refused });
    }, 100);
  },
};

setInterval(pump, 10);
let begun = '';
process.stdin.on('data', (data) => {
  const lines = (begun + data).split('\n');
  begun = lines.pop();
  lines.map((line) => JSON.parse(line)).forEach((order) => {
    orders[order.do](order);
    tell({ event: 'done' });
  });
});
process.stdin.on('end', () => process.exit(0));
const server = smpp.createServer({}, onSession);
server.listen(0, '127.0.0.1', () => tell({ event: 'listening', port: server.address().port }));
