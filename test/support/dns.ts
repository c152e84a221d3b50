/** Numbers of the record types that the camera has (RFC 1035, section 3.2.2; RFC 2782). */
export const TYPES = { A: 1, PTR: 12, TXT: 16, SRV: 33, ANY: 255 } as const;

export interface DnsQuestion {
  /** "_http._tcp.local" */
  readonly name: string;
  readonly type?: keyof typeof TYPES;
  /** The answer may be sent to the one who asks alone. */
  readonly unicast?: boolean;
}

export interface DnsAnswer {
  readonly name: string;
  readonly type: number;
  readonly ttl: number;
  readonly data: Buffer;
}

const HEADER = 12;

export const dnsName = (name: string): Buffer =>
  Buffer.concat([...name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])), Buffer.from([0])]);

/** An mDNS query (RFC 6762, section 18). */
export function dnsQuery(
  questions: readonly DnsQuestion[],
  { id = 0, flags = 0, answers = [] as DnsAnswer[], authorities = 0 } = {},
): Buffer {
  const header = Buffer.alloc(HEADER);
  [id, flags, questions.length, answers.length, authorities, 0].forEach((value, at) => void header.writeUInt16BE(value, at * 2));
  const asked = questions.map(({ name, type = 'PTR', unicast = false }) => {
    const rest = Buffer.alloc(4);
    rest.writeUInt16BE(TYPES[type], 0);
    rest.writeUInt16BE(unicast ? 0x8001 : 1, 2);
    return Buffer.concat([dnsName(name), rest]);
  });
  return Buffer.concat([header, ...asked, ...answers.map(dnsRecord)]);
}

function dnsRecord({ name, type, ttl, data }: DnsAnswer): Buffer {
  const rest = Buffer.alloc(10);
  rest.writeUInt16BE(type, 0);
  rest.writeUInt16BE(1, 2);
  rest.writeUInt32BE(ttl, 4);
  rest.writeUInt16BE(data.length, 8);
  return Buffer.concat([dnsName(name), rest, data]);
}

/** As many times the same question as a message has room for, or is asked for: name once, then pointers to it. */
export function repeatedQuestion(name: string, count: number, unicast = false): Buffer {
  const first = dnsQuery([{ name, unicast }]);
  const again = Buffer.alloc(6);
  again.writeUInt16BE(0xc000 | HEADER, 0);
  first.copy(again, 2, first.length - 4);
  first.writeUInt16BE(count, 4);
  return Buffer.concat([first, ...Array.from({ length: count - 1 }, () => again)]);
}

/** Reads a message whose names are written out. */
export function readDns(message: Buffer): {
  id: number;
  response: boolean;
  questions: number;
  answers: DnsAnswer[];
  additionals: DnsAnswer[];
} {
  const [id, flags, questions, answers, authorities, additionals] = [0, 2, 4, 6, 8, 10].map((at) => message.readUInt16BE(at)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  let at = HEADER;
  const readName = (): string => {
    const labels: string[] = [];
    for (;;) {
      const length = message[at++] as number;
      if (length === 0) return labels.join('.');
      labels.push(message.toString('utf8', at, at + length));
      at += length;
    }
  };
  for (let left = questions; left > 0; left--) {
    readName();
    at += 4;
  }
  const readRecord = (): DnsAnswer => {
    const name = readName();
    const [type, ttl, length] = [message.readUInt16BE(at), message.readUInt32BE(at + 4), message.readUInt16BE(at + 8)];
    at += 10 + length;
    return { name, type, ttl, data: message.subarray(at - length, at) };
  };
  const read = (count: number) => Array.from({ length: count }, readRecord);
  const found = { answers: read(answers), authorities: read(authorities), additionals: read(additionals) };
  return { id, response: (flags & 0x8000) !== 0, questions, answers: found.answers, additionals: found.additionals };
}
