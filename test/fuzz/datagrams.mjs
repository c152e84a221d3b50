// Datagrams: WS-Discovery, mDNS, RTCP.
import { mutateBytes } from './mutate.mjs';
import { mutateXml } from './xml.mjs';

const DISCOVERY = 'http://schemas.xmlsoap.org/ws/2005/04/discovery';
const ADDRESSING = 'http://schemas.xmlsoap.org/ws/2004/08/addressing';
const WORDS = [
  'Probe',
  'Resolve',
  'Hello',
  'Bye',
  'ProbeMatches',
  'Types',
  'Scopes',
  'MatchBy',
  'MessageID',
  'RelatesTo',
  'EndpointReference',
  'Address',
  'NetworkVideoTransmitter',
  'Device',
  'onvif://www.onvif.org/Profile/Streaming',
  `${DISCOVERY}/rfc2396`,
  `${DISCOVERY}/strcmp0`,
  `${DISCOVERY}/none`,
  'ldap:///ou=engineering',
  'uuid',
  'urn',
  'dn',
  'tds',
];

const wsd = (id, action, body) =>
  `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="${ADDRESSING}" xmlns:d="${DISCOVERY}" xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><s:Header><a:Action>${DISCOVERY}/${action}</a:Action><a:MessageID>urn:uuid:${id}</a:MessageID><a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header><s:Body>${body}</s:Body></s:Envelope>`;

/** A message of WS-Discovery, as a client or another device sends it or nearly so. @returns {Buffer} */
export function wsDiscovery(random) {
  const reference = '<a:EndpointReference><a:Address>urn:uuid:0</a:Address></a:EndpointReference>';
  const [action, body] = random.pick([
    ['Probe', '<d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types><d:Scopes/></d:Probe>'],
    ['Probe', '<d:Probe><d:Types/><d:Scopes>onvif://www.onvif.org/Profile/Streaming onvif://www.onvif.org/name/a%20b</d:Scopes></d:Probe>'],
    ['Probe', `<d:Probe><d:Types>dn:A dn:B tds:C</d:Types><d:Scopes MatchBy="${DISCOVERY}/strcmp0">onvif://a/../b</d:Scopes></d:Probe>`],
    ['Resolve', `<d:Resolve>${reference}</d:Resolve>`],
    [
      'Hello',
      `<d:Hello>${reference}<d:Types>dn:A</d:Types><d:Scopes>a b</d:Scopes><d:XAddrs>http://a</d:XAddrs><d:MetadataVersion>1</d:MetadataVersion></d:Hello>`,
    ],
    ['ProbeMatches', `<d:ProbeMatches><d:ProbeMatch>${reference}</d:ProbeMatch></d:ProbeMatches>`],
  ]);
  let text = wsd(random.next(), action, body);
  for (let count = random.below(4); count > 0; count--) text = mutateXml(text, random, WORDS);
  const bytes = Buffer.from(text);
  return random.once(5) ? mutateBytes(bytes, random) : bytes;
}

const NAMES = [
  '_onvif._tcp.local',
  '_http._tcp.local',
  '_rtsp._tcp.local',
  '_services._dns-sd._udp.local',
  'onvif-0.local',
  'Pi Camera 000000._http._tcp.local',
  'x'.repeat(63),
  '',
];
const TYPES = [1, 12, 16, 28, 33, 41, 47, 255, 0, 65_535, 2, 5, 6, 15, 35, 43, 46, 48, 50, 64, 257];

function name(random, at) {
  // A pointer to anywhere, also to itself (RFC 1035 section 4.1.4).
  if (random.once(4)) return Buffer.of(0xc0 | random.below(2), random.once(3) ? at & 255 : random.pick([12, 0, at & 255, 255]));
  const labels = random
    .pick(NAMES)
    .split('.')
    .filter((label) => label !== '');
  const parts = labels.flatMap((label) => [Buffer.of(random.once(40) ? random.below(256) : label.length), Buffer.from(label)]);
  return Buffer.concat([...parts, random.once(5) ? Buffer.of(0xc0, random.below(40)) : Buffer.of(0)]);
}

/** A packet of DNS (RFC 1035 section 4, RFC 6762). @returns {Buffer} */
export function mdnsPacket(random) {
  const counts = [1 + random.size(30), random.size(4), random.size(3), random.size(3)];
  const header = Buffer.alloc(12);
  header.writeUInt16BE(random.once(3) ? random.below(65_536) : 0, 0);
  header.writeUInt16BE(random.once(4) ? random.pick([0x8400, 0x8000, 0x0200, 0x7800, 0xffff]) : 0, 2);
  for (const [k, count] of counts.entries()) header.writeUInt16BE(random.once(25) ? random.below(65_536) : count, 4 + 2 * k);
  const parts = [header];
  let at = 12;
  const add = (bytes) => {
    parts.push(bytes);
    at += bytes.length;
  };
  for (const [section, count] of counts.entries()) {
    for (let k = 0; k < count; k++) {
      add(name(random, at));
      const fixed = Buffer.alloc(4);
      fixed.writeUInt16BE(random.pick(TYPES), 0);
      fixed.writeUInt16BE(random.once(3) ? 0x8001 : 1, 2);
      add(fixed);
      if (section === 0) continue;
      const data = random.once(2) ? name(random, at) : random.bytes(random.size(300));
      const record = Buffer.alloc(6);
      record.writeUInt32BE(random.next(), 0);
      record.writeUInt16BE(random.once(10) ? random.below(65_536) : data.length, 4);
      add(record);
      add(data);
    }
  }
  const packet = Buffer.concat(parts);
  return random.once(2) ? mutateBytes(packet, random) : packet;
}

/** One RTCP packet, or several in one (RFC 3550 section 6). @returns {Buffer} */
export function rtcpPacket(random) {
  const packets = [];
  for (let count = 1 + random.below(4); count > 0; count--) {
    const [type, reports] = [random.pick([200, 201, 201, 202, 203, 204, 205, 206, 207, 0, 255]), random.below(4)];
    const length = random.once(8)
      ? random.below(200)
      : type === 200
        ? 24 + 24 * reports
        : type === 201
          ? 4 + 24 * reports
          : random.size(80);
    const body = random.bytes(length - (length % 4));
    const words = random.once(8) ? random.below(65_536) : body.length / 4;
    packets.push(
      Buffer.of(
        ((random.once(10) ? random.below(4) : 2) << 6) | ((random.once(8) ? 1 : 0) << 5) | (random.once(6) ? random.below(32) : reports),
        type,
        words >> 8,
        words & 255,
      ),
      body,
    );
  }
  const packet = Buffer.concat(packets);
  return random.once(3) ? mutateBytes(packet, random) : packet;
}
