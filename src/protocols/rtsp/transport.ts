/** Where RTP and its RTCP go: two UDP ports (1 to 65535), or two channels (0 to 255) of the RTSP connection. */
export interface Pair {
  readonly rtp: number;
  readonly rtcp: number;
}

/** One way of delivery that a client offers, in the order of its preference (RFC 2326 section 12.39). */
export interface TransportOffer {
  /** What carries RTP. */
  readonly lower: 'UDP' | 'TCP';
  readonly delivery: 'unicast' | 'multicast';
  /** `PLAY`, or what the client wants instead, in upper case: `RECORD` to publish. */
  readonly mode: string;
  /** The client's own ports. A client that names none cannot be sent to by UDP unicast. */
  readonly clientPort: Pair | undefined;
  /** The channels it wants; undefined leaves them to the server. */
  readonly interleaved: Pair | undefined;
  /** Address it wants the stream sent to. Following it for unicast would let anybody flood a third party. */
  readonly destination: string | undefined;
  /** Ports of a multicast group. */
  readonly port: Pair | undefined;
  /** Time to live of multicast packets, 0 to 255. */
  readonly ttl: number | undefined;
}

/** The way of delivery that the server chose. */
export type TransportAnswer =
  | {
      readonly kind: 'udp';
      readonly clientPort: Pair;
      readonly serverPort: Pair;
      /** Addresses, IPv6 without brackets. */
      readonly source?: string | undefined;
      readonly destination?: string | undefined;
      readonly ssrc: number;
    }
  | { readonly kind: 'interleaved'; readonly channels: Pair; readonly ssrc: number }
  | {
      readonly kind: 'multicast';
      readonly destination: string;
      readonly port: Pair;
      readonly ttl: number;
      /** Address of the sender. */
      readonly source?: string | undefined;
      readonly ssrc: number;
    };

/** Alternatives looked at; players send up to three. */
const MAX_OFFERS = 16;

const SPECIFIER = /^RTP\/AVP(?:\/(UDP|TCP))?$/i;
/** What a client may write as an address: a number or a name. */
const ADDRESS = /^[\w.:-]{1,64}$/;
const MODE = /^[\w, -]{1,32}$/;

/**
 * Reads the Transport header of a SETUP. Case and unknown parameters do not matter. Alternatives that are not RTP over UDP or TCP, or
 * have numbers out of range, are left out; never throws.
 */
export function parseTransport(header: string): TransportOffer[] {
  return split(header, ',')
    .slice(0, MAX_OFFERS)
    .map(parseOffer)
    .filter((offer) => offer !== undefined);
}

function parseOffer(text: string): TransportOffer | undefined {
  const [specifier = '', ...rest] = split(text, ';').map((part) => part.trim());
  const protocol = SPECIFIER.exec(specifier);
  if (!protocol) return undefined;
  const parameters = new Map<string, string>();
  for (const part of rest) {
    const equals = part.indexOf('=');
    const name = (equals < 0 ? part : part.slice(0, equals)).trim().toLowerCase();
    if (!parameters.has(name)) parameters.set(name, equals < 0 ? '' : unquote(part.slice(equals + 1).trim()));
  }
  const lower = protocol[1]?.toUpperCase() === 'TCP' ? 'TCP' : 'UDP';
  const clientPort = readPair(parameters.get('client_port'), 1, 65535);
  const interleaved = readPair(parameters.get('interleaved'), 0, 255);
  const port = readPair(parameters.get('port'), 1, 65535);
  const ttl = readNumber(parameters.get('ttl'), 0, 255);
  const destination = parameters.get('destination') || undefined;
  const mode = (parameters.get('mode') || 'PLAY').toUpperCase();
  if (clientPort === 'bad' || interleaved === 'bad' || port === 'bad' || ttl === 'bad') return undefined;
  if (interleaved?.rtp === interleaved?.rtcp && interleaved) return undefined;
  if ((destination !== undefined && !ADDRESS.test(destination)) || !MODE.test(mode)) return undefined;
  // Multicast is the default of RFC 2326; a client that names ports of its own or uses the connection does not mean it.
  const unicast = parameters.has('unicast') || (!parameters.has('multicast') && (lower === 'TCP' || clientPort !== undefined));
  return { lower, delivery: unicast ? 'unicast' : 'multicast', mode, clientPort, interleaved, destination, port, ttl };
}

/** Returns the Transport header of the answer to SETUP. */
export function formatTransport(answer: TransportAnswer): string {
  const ssrc = `ssrc=${(answer.ssrc >>> 0).toString(16).toUpperCase().padStart(8, '0')}`;
  const address = (name: string, value: string | undefined) => (value === undefined ? [] : [`${name}=${value}`]);
  switch (answer.kind) {
    case 'udp':
      return [
        'RTP/AVP;unicast',
        ...address('destination', answer.destination),
        ...address('source', answer.source),
        `client_port=${formatPair(answer.clientPort)}`,
        `server_port=${formatPair(answer.serverPort)}`,
        ssrc,
        'mode="PLAY"',
      ].join(';');
    case 'interleaved':
      return `RTP/AVP/TCP;unicast;interleaved=${formatPair(answer.channels)};${ssrc};mode="PLAY"`;
    case 'multicast':
      return [
        'RTP/AVP;multicast',
        `destination=${answer.destination}`,
        ...address('source', answer.source),
        `port=${formatPair(answer.port)}`,
        `ttl=${answer.ttl}`,
        ssrc,
        'mode="PLAY"',
      ].join(';');
  }
}

const formatPair = ({ rtp, rtcp }: Pair): string => `${rtp}-${rtcp}`;

/** `a-b`, or `a` alone, which means the next number for RTCP. */
function readPair(value: string | undefined, min: number, max: number): Pair | 'bad' | undefined {
  if (value === undefined) return undefined;
  const [first, second, ...more] = value.split('-').map((part) => readNumber(part.trim(), min, max));
  if (typeof first !== 'number' || second === 'bad' || more.length > 0) return 'bad';
  const rtcp = second ?? first + 1;
  return rtcp > max ? 'bad' : { rtp: first, rtcp };
}

function readNumber(value: string | undefined, min: number, max: number): number | 'bad' | undefined {
  if (value === undefined) return undefined;
  const number = /^\d{1,5}$/.test(value) ? Number(value) : -1;
  return number >= min && number <= max ? number : 'bad';
}

/** Splits at a separator that is not within quotes. */
function split(text: string, separator: ',' | ';'): string[] {
  const pieces: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') quoted = !quoted;
    if (character !== separator || quoted) continue;
    pieces.push(text.slice(start, at));
    start = at + 1;
  }
  return [...pieces, text.slice(start)];
}

const unquote = (text: string): string => (text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text);
