import { randomBytes } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import { AppError, messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import {
  acceptsSdp,
  formatRange,
  formatRtpInfo,
  formatSession,
  isRtspMethod,
  PUBLIC,
  parseRange,
  parseSession,
  type RtspMethod,
  unsupportedOptions,
} from '../../protocols/rtsp/headers.ts';
import type { RtspRequest } from '../../protocols/rtsp/reader.ts';
import type { RtspResponse } from '../../protocols/rtsp/response.ts';
import { parseTransport } from '../../protocols/rtsp/transport.ts';
import { contentBase, controlOf, parseRequestUrl, trackUrl } from '../../protocols/rtsp/url.ts';
import { formatSessionDescription } from '../../protocols/sdp/describe.ts';
import type { Carriers } from './carriers.ts';
import type { RtspClient, RtspSender } from './client.ts';
import type { RtspCounters } from './counters.ts';
import type { Refusal, RtspGate } from './gate.ts';
import { RtspSession, SESSION_TIMEOUT_S } from './session.ts';
import type { Track } from './track.ts';

/** Methods that RTSP has and a camera has no use for. */
const NOT_HERE = new Set(['ANNOUNCE', 'RECORD', 'REDIRECT']);
export const SERVER = 'onvif-camera';
/** Each stream has one track. */
const TRACK = 0;
/** Sessions of one connection: one for each stream, and as many again for a client that tries another transport. */
const MAX_PER_CONNECTION = 4;

type Header = readonly [name: string, value: string];

/** An answer without what all have in common. */
interface Body extends Refusal {
  readonly body?: Buffer;
  /** Called when the answer is about to be written: further headers, and what follows in the same turn of the event loop. */
  readonly begin?: () => { readonly headers: readonly Header[]; readonly start: () => void };
}

/** Who tries again gets what he wants, if all goes well. */
const NOT_YET: Body = { status: 503, headers: [['Retry-After', '5']] };

export interface Answer {
  /** Writes it, and begins what follows it. */
  readonly send: (write: (response: RtspResponse) => void) => void;
  /** The connection ends with it. */
  readonly close: boolean;
}

export interface RequestsOptions {
  readonly gate: RtspGate;
  /** The stream at a path, if there is one; `trying`: it is not known yet. */
  readonly track: (path: string) => Track | 'trying' | undefined;
  /** To be waited for while it is `trying`: resolves when it is known, or after a while. */
  readonly known: () => Promise<void>;
  readonly carriers: Carriers;
  /** Where its packets go, if a track is sent by multicast. */
  readonly multicast: (track: Track) => { readonly address: string; readonly port: number; readonly ttl: number } | undefined;
  /** Whether another session may be opened. */
  readonly hasRoom: (client: RtspClient) => boolean;
  /** Shown by players. */
  readonly name: () => string;
  readonly counters: RtspCounters;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What each method of RTSP does (RFC 2326 section 10). */
export class RtspRequests {
  /** Why there was no multicast the last time: told once. */
  #noMulticast = '';
  readonly #handlers: Readonly<Record<RtspMethod, (request: RtspRequest, client: RtspClient) => Promise<Body> | Body>> = {
    OPTIONS: (request, client) => this.#options(request, client),
    DESCRIBE: (request, client) => this.#describe(request, client),
    SETUP: (request, client) => this.#setUp(request, client),
    PLAY: (request, client) => this.#play(request, client),
    PAUSE: (request, client) => this.#pause(request, client),
    TEARDOWN: (request, client) => this.#tearDown(request, client),
    GET_PARAMETER: (request, client) => this.#parameter(request, client),
    SET_PARAMETER: (request, client) => this.#parameter(request, client),
  };

  constructor(private readonly options: RequestsOptions) {}

  /** Undefined: the request may go on. For one that comes by another way than the login of its client. */
  admit(request: RtspRequest, client: RtspClient, sender: RtspSender): Promise<Refusal | undefined> {
    return this.options.gate.check(request, client, sender);
  }

  async answer(request: RtspRequest, client: RtspClient, sender: RtspSender): Promise<Answer> {
    const { status, headers = [], body, begin, close = false } = await this.#respond(request, client, sender);
    const send: Answer['send'] = (write) => {
      const begun = begin?.();
      write({ status, cseq: request.headers.get('cseq'), server: SERVER, headers: [...headers, ...(begun?.headers ?? [])], body });
      begun?.start();
    };
    return { send, close };
  }

  async #respond(request: RtspRequest, client: RtspClient, sender: RtspSender): Promise<Body> {
    const { method, version, headers } = request;
    if (version !== 'RTSP/1.0') return { status: 505 };
    if (headers.get('cseq') === undefined) return { status: 400 };
    if (!isRtspMethod(method)) {
      return NOT_HERE.has(method) ? { status: 405, headers: [['Allow', PUBLIC]] } : { status: 501, headers: [['Public', PUBLIC]] };
    }
    const unsupported = unsupportedOptions(headers.get('require'), headers.get('proxy-require'));
    if (unsupported.length > 0) return { status: 551, headers: [['Unsupported', unsupported.join(', ')]] };
    try {
      // What there is to ask is no secret, and some clients ask it without credentials.
      const refusal = method === 'OPTIONS' ? undefined : await this.options.gate.check(request, client, sender);
      if (refusal) return refusal;
      // Some clients name no session in what they send to stay alive.
      if (headers.get('session') === undefined) this.#heard(client);
      return await this.#handlers[method](request, client);
    } catch (error) {
      this.options.log.error(`RTSP server: ${error instanceof Error ? error.stack : String(error)}`, { method });
      return { status: 500 };
    }
  }

  #options(request: RtspRequest, client: RtspClient): Body {
    this.#session(request, client);
    return { status: 200, headers: [['Public', PUBLIC]] };
  }

  #heard(client: RtspClient): void {
    const now = this.options.clock.monotonic();
    for (const each of client.sessions.values()) each.heard(now);
  }

  async #describe(request: RtspRequest, client: RtspClient): Promise<Body> {
    const track = await this.#track(request);
    if (!track) return { status: 404 };
    if (track === 'trying') return NOT_YET;
    if (!acceptsSdp(request.headers.get('accept'))) return { status: 406 };
    const description = await track.describe(client.gone);
    if (description instanceof AppError) {
      this.options.log.debug(`RTSP: ${description.message}`, { code: description.code });
      return NOT_YET;
    }
    const group = this.options.multicast(track);
    const version = Math.floor(this.options.clock.now());
    const sdp = formatSessionDescription({
      id: track.ssrc,
      version,
      origin: client.localAddress,
      name: this.options.name(),
      multicast: group,
      video: { ...description, port: group?.port ?? 0, control: controlOf(TRACK) },
    });
    return {
      status: 200,
      headers: [
        ['Content-Type', 'application/sdp'],
        ['Content-Base', baseOf(request, client, track)],
        ['Cache-Control', 'no-store'],
      ],
      body: Buffer.from(sdp),
    };
  }

  async #setUp(request: RtspRequest, client: RtspClient): Promise<Body> {
    const track = await this.#track(request);
    if (!track) return { status: 404 };
    if (track === 'trying') return NOT_YET;
    const before = this.#session(request, client);
    if (!before && request.headers.get('session') !== undefined) return { status: 454 };
    if (before?.playing) return { status: 455 };
    if (before && before.track !== track) return { status: 459 };
    if (!before && (!this.options.hasRoom(client) || client.sessions.size >= MAX_PER_CONNECTION)) return { status: 453 };
    const offers = parseTransport(request.headers.get('transport') ?? '');
    const carried = await this.options.carriers.choose(offers, track, client, before);
    if (!carried) return { status: 461 };
    // He may have gone meanwhile, or others may have come.
    if (client.gone.aborted || (!before && !this.options.hasRoom(client))) {
      if (carried.carrier.kind === 'udp') carried.carrier.close();
      return { status: 453 };
    }
    // A second SETUP changes the transport.
    if (before) client.endSession(before, 'torn down');
    const { clock, counters } = this.options;
    const id = before?.id ?? randomBytes(8).toString('hex');
    const session = new RtspSession(id, track, carried.carrier, clock.monotonic(), counters, before);
    client.add(session);
    counters.sessions++;
    carried.onReport?.((rtcp) => client.receive(session, rtcp));
    return { status: 200, headers: [['Transport', carried.transport], sessionHeader(session)] };
  }

  async #play(request: RtspRequest, client: RtspClient): Promise<Body> {
    const session = this.#session(request, client);
    if (!session) return { status: 454 };
    const range = request.headers.get('range');
    if (range !== undefined && !parseRange(range)) return { status: 457 };
    if ((await this.#track(request)) !== session.track) return { status: 404 };
    try {
      await session.prepare();
    } catch (error) {
      const reason = messageOf(error);
      if (reason !== this.#noMulticast)
        this.options.log.warn(`multicast cannot begin: ${reason}. The client was told to try again; \`ip route\` shows the ways out.`);
      this.#noMulticast = reason;
      return NOT_YET;
    }
    const url = trackUrl(baseOf(request, client, session.track), TRACK);
    return {
      status: 200,
      headers: [sessionHeader(session), ['Range', formatRange('now')]],
      begin: () => {
        const { sequence, timestamp, start } = session.play();
        return { headers: [['RTP-Info', formatRtpInfo([{ url, seq: sequence, rtptime: timestamp }])]], start };
      },
    };
  }

  #pause(request: RtspRequest, client: RtspClient): Body {
    const session = this.#session(request, client);
    if (!session) return { status: 454 };
    session.pause();
    return { status: 200, headers: [sessionHeader(session)] };
  }

  #tearDown(request: RtspRequest, client: RtspClient): Body {
    const session = this.#session(request, client);
    if (!session) return { status: 454 };
    client.endSession(session, 'torn down');
    return { status: 200 };
  }

  /** There are no parameters; an empty request is how clients keep their sessions alive. */
  #parameter(request: RtspRequest, client: RtspClient): Body {
    const session = this.#session(request, client);
    if (!session && request.headers.get('session') !== undefined) return { status: 454 };
    if (request.body.toString('latin1').trim() !== '') return { status: 451 };
    return { status: 200, headers: session ? [sessionHeader(session)] : [] };
  }

  async #track(request: RtspRequest): Promise<Track | 'trying' | undefined> {
    const target = parseRequestUrl(request.url);
    if (!target || (target.track ?? TRACK) !== TRACK) return undefined;
    if (this.options.track(target.path) === 'trying') await this.options.known();
    return this.options.track(target.path);
  }

  /** The session that the request names, if it is one of its client; naming it keeps it alive. */
  #session(request: RtspRequest, client: RtspClient): RtspSession | undefined {
    const named = parseSession(request.headers.get('session') ?? '');
    const session = named && client.sessions.get(named.id);
    session?.heard(this.options.clock.monotonic());
    return session;
  }
}

/** Where the track's URL begins: as the client named it, or as this server would be named. */
const baseOf = ({ url }: RtspRequest, { localAddress, socket }: RtspClient, { name }: Track): string =>
  contentBase(url) ?? `rtsp://${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${socket.localPort}/${name}/`;

const sessionHeader = ({ id }: RtspSession): Header => ['Session', formatSession(id, SESSION_TIMEOUT_S)];
