import { randomBytes } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import { AppError, messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { hostOf, isEncrypted } from '../../core/origin.ts';
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
import { formatSessionDescription, type MediaDescription } from '../../protocols/sdp/describe.ts';
import type { Refusal, RtspAuthenticator } from './authenticator.ts';
import type { Carriers } from './carriers.ts';
import type { RtspClient, RtspSender } from './client.ts';
import type { RtspCounters } from './counters.ts';
import { RtspSession, SESSION_TIMEOUT_S } from './session.ts';
import type { SessionTrack } from './session-track.ts';
import type { Stream, Track } from './track.ts';

/** Methods that RTSP has and a camera has no use for. */
const NOT_HERE = new Set(['ANNOUNCE', 'RECORD', 'REDIRECT']);
/** Value of the Server header. */
export const SERVER = 'onvif-camera';
/** Most sessions of one connection: one for each of three streams, and one for a client that tries another transport. */
const MAX_PER_CONNECTION = 4;

type Header = readonly [name: string, value: string];

/** An answer without what all have in common. */
interface Body extends Refusal {
  readonly body?: Buffer;
  /** Called when the answer is about to be written: further headers, and what follows in the same turn of the event loop. */
  readonly begin?: () => { readonly headers: readonly Header[]; readonly start: () => void };
}

/** The answer to a request that can be met in a moment, if all goes well. */
const NOT_YET: Body = { status: 503, headers: [['Retry-After', '5']] };

/** The answer to a request. */
export interface Answer {
  /** Writes it, and begins what follows it. */
  readonly send: (write: (response: RtspResponse) => void) => void;
  /** Whether the connection ends with it. */
  readonly close: boolean;
}

/** What there is to be played, and how it is carried. */
export interface RequestsOptions {
  readonly authenticator: RtspAuthenticator;
  /** Returns the stream at a path; `trying`: whether there is one is not known yet. */
  readonly stream: (path: string) => Stream | 'trying' | undefined;
  /** To be waited for while it is `trying`: resolves when it is known, or after a while. */
  readonly known: () => Promise<void>;
  readonly carriers: Carriers;
  /** Returns where the packets of a track go, if it is being sent by multicast. */
  readonly multicast: (track: Track) => MediaDescription['multicast'];
  /** Whether another session may be opened, or another track of a session set up. */
  readonly mayOpen: (client: RtspClient, session: RtspSession | undefined) => boolean;
  /** Name of the session, which players show. */
  readonly name: () => string;
  readonly counters: RtspCounters;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Answers the methods of RTSP (RFC 2326 section 10). */
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

  /**
   * Checks a request that comes by another way than the login of its client.
   *
   * @returns undefined: it may go on
   */
  admit(request: RtspRequest, client: RtspClient, sender: RtspSender): Promise<Refusal | undefined> {
    return this.options.authenticator.check(request, client, sender);
  }

  /** Makes the answer to a request, whatever it holds; faults of ours become a 500. */
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
      const refusal = method === 'OPTIONS' ? undefined : await this.options.authenticator.check(request, client, sender);
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
    const target = await this.#target(request);
    if (!target) return { status: 404 };
    if (target === 'trying') return NOT_YET;
    if (!acceptsSdp(request.headers.get('accept'))) return { status: 406 };
    const { stream } = target;
    const media: MediaDescription[] = [];
    for (const [number, described] of (await Promise.all(stream.tracks.map((track) => track.describe(client.gone)))).entries()) {
      if (described instanceof AppError) {
        this.options.log.debug(`RTSP: ${described.message}`, { code: described.code });
        return NOT_YET;
      }
      media.push({ ...described, multicast: this.options.multicast(stream.tracks[number]!), control: controlOf(number) });
    }
    const sdp = formatSessionDescription({
      id: stream.tracks[0]!.ssrc,
      version: Math.floor(this.options.clock.now()),
      origin: client.localAddress,
      name: this.options.name(),
      media,
    });
    return {
      status: 200,
      headers: [
        ['Content-Type', 'application/sdp'],
        ['Content-Base', baseOf(request, client, stream)],
        ['Cache-Control', 'no-store'],
      ],
      body: Buffer.from(sdp),
    };
  }

  async #setUp(request: RtspRequest, client: RtspClient): Promise<Body> {
    const target = await this.#target(request);
    if (!target) return { status: 404 };
    if (target === 'trying') return NOT_YET;
    const { stream } = target;
    const session = this.#session(request, client);
    if (!session && request.headers.get('session') !== undefined) return { status: 454 };
    // A client that names no track knows of the picture alone.
    const number = target.number ?? 0;
    // Each track has a transport of its own; of one there may be no more than one session.
    if (session && session.stream !== stream) return { status: session.playing ? 455 : 459 };
    const before = session?.track(number);
    if (before?.playing) return { status: 455 };
    const mayOpen = () => this.options.mayOpen(client, session) && (session !== undefined || client.sessions.size < MAX_PER_CONNECTION);
    if (!mayOpen()) return { status: 453 };
    const track = stream.tracks[number]!;
    const offers = parseTransport(request.headers.get('transport') ?? '');
    const carried = await this.options.carriers.choose(offers, track, client, before);
    if (!carried) return { status: 461 };
    // The client may have gone meanwhile, or others may have come, or its session may have ended.
    const over = session !== undefined && client.sessions.get(session.id) !== session;
    if (client.gone.aborted || over || !mayOpen()) {
      if (carried.carrier.kind === 'udp') carried.carrier.close();
      return { status: over ? 454 : 453 };
    }
    const chosen = session ?? this.#open(stream, client);
    // Of a track that is set up already, it changes the transport.
    chosen.setUp(number, track, carried.carrier);
    carried.onReport?.((rtcp) => client.receive(chosen, rtcp));
    return { status: 200, headers: [['Transport', carried.transport], sessionHeader(chosen)] };
  }

  #open(stream: Stream, client: RtspClient): RtspSession {
    const { clock, counters } = this.options;
    const session = new RtspSession(randomBytes(8).toString('hex'), stream, clock.monotonic(), counters);
    client.add(session);
    counters.sessions++;
    return session;
  }

  async #play(request: RtspRequest, client: RtspClient): Promise<Body> {
    const session = this.#session(request, client);
    if (!session) return { status: 454 };
    const range = request.headers.get('range');
    if (range !== undefined && !parseRange(range)) return { status: 457 };
    const target = await this.#target(request);
    if (!target || target === 'trying' || target.stream !== session.stream) return { status: 404 };
    const tracks = tracksOf(session, target.number);
    // A track that is not set up has nowhere to go.
    if (tracks.length === 0) return { status: 455 };
    try {
      await session.prepare(tracks);
    } catch (error) {
      const reason = messageOf(error);
      if (reason !== this.#noMulticast)
        this.options.log.warn(`multicast cannot begin: ${reason}. The client was told to try again; \`ip route\` shows the ways out.`);
      this.#noMulticast = reason;
      return NOT_YET;
    }
    const base = baseOf(request, client, session.stream);
    return {
      status: 200,
      headers: [sessionHeader(session), ['Range', formatRange('now')]],
      begin: () => {
        const { begins, start } = session.play(tracks);
        const info = begins.map(({ number, sequence, timestamp }) => ({ url: trackUrl(base, number), seq: sequence, rtptime: timestamp }));
        return { headers: [['RTP-Info', formatRtpInfo(info)]], start };
      },
    };
  }

  #pause(request: RtspRequest, client: RtspClient): Body {
    const session = this.#session(request, client);
    if (!session) return { status: 454 };
    const tracks = tracksOf(session, this.#named(request, session));
    if (tracks.length === 0) return { status: 455 };
    for (const track of tracks) track.pause();
    return { status: 200, headers: [sessionHeader(session)] };
  }

  #tearDown(request: RtspRequest, client: RtspClient): Body {
    const session = this.#session(request, client);
    if (!session) return { status: 454 };
    const number = this.#named(request, session);
    const track = number === undefined ? undefined : session.track(number);
    if (number !== undefined && !track) return { status: 455 };
    if (track && session.tearDown(track)) return { status: 200, headers: [sessionHeader(session)] };
    client.endSession(session, 'torn down');
    return { status: 200 };
  }

  /** Answers GET_PARAMETER and SET_PARAMETER: there are none; an empty request is how clients keep their sessions alive. */
  #parameter(request: RtspRequest, client: RtspClient): Body {
    const session = this.#session(request, client);
    if (!session && request.headers.get('session') !== undefined) return { status: 454 };
    if (request.body.toString('latin1').trim() !== '') return { status: 451 };
    return { status: 200, headers: session ? [sessionHeader(session)] : [] };
  }

  /** Returns what the URL names: a stream, and perhaps one of its tracks. */
  async #target(request: RtspRequest): Promise<{ readonly stream: Stream; readonly number: number | undefined } | 'trying' | undefined> {
    const named = parseRequestUrl(request.url);
    if (!named) return undefined;
    if (this.options.stream(named.path) === 'trying') await this.options.known();
    const stream = this.options.stream(named.path);
    if (stream === undefined || stream === 'trying') return stream;
    return (named.track ?? 0) < stream.tracks.length ? { stream, number: named.track } : undefined;
  }

  /**
   * Returns the number of the track of its session that a request means; undefined for all of them, which is also what URLs
   * mean that are not the session's.
   */
  #named({ url }: RtspRequest, { stream }: RtspSession): number | undefined {
    const named = parseRequestUrl(url);
    return named?.track !== undefined && named.track < stream.tracks.length && this.options.stream(named.path) === stream
      ? named.track
      : undefined;
  }

  /** Returns the session that the request names, if it is one of its client; naming it keeps it alive. */
  #session(request: RtspRequest, client: RtspClient): RtspSession | undefined {
    const named = parseSession(request.headers.get('session') ?? '');
    const session = named && client.sessions.get(named.id);
    session?.heard(this.options.clock.monotonic());
    return session;
  }
}

/** The tracks of a session that a request is about. @param number undefined: all that are set up */
const tracksOf = (session: RtspSession, number: number | undefined): readonly SessionTrack[] =>
  number === undefined ? session.tracks : session.tracks.filter((track) => track.number === number);

/** Where the URLs of the stream's tracks begin: as the client named it, or as this server would be named. */
const baseOf = ({ url }: RtspRequest, { localAddress, socket }: RtspClient, { name }: Stream): string =>
  contentBase(url) ?? `${isEncrypted(socket) ? 'rtsps' : 'rtsp'}://${hostOf(localAddress)}:${socket.localPort}/${name}/`;

const sessionHeader = ({ id }: RtspSession): Header => ['Session', formatSession(id, SESSION_TIMEOUT_S)];
