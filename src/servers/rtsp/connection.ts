import type { Socket } from 'node:net';
import type { User } from '../../auth/users.ts';
import type { Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { parseRtcp } from '../../protocols/rtp/rtcp-parser.ts';
import type { RtspProblem, RtspRequest } from '../../protocols/rtsp/reader.ts';
import { formatResponse, type RtspResponse } from '../../protocols/rtsp/response.ts';
import { TUNNEL_REFUSAL } from '../../protocols/rtsp/tunnel.ts';
import type { SendQueues } from '../send-queues.ts';
import { ViewerPace } from '../viewer-pace.ts';
import type { RtspClient } from './client.ts';
import { RtspInput, type RtspInputOptions } from './input.ts';
import { type RtspRequests, SERVER } from './requests.ts';
import type { Ending, RtspSession } from './session.ts';

/** A connection without a login is closed after this long without a request, and after so long in any case. Milliseconds. */
const STRANGER_TIMEOUT_MS = 10_000;
const STRANGER_LIMIT_MS = 60_000;
/** A connection with a login may rest this long between two requests, milliseconds. */
const IDLE_TIMEOUT_MS = 70_000;
/** A connection that the server has ended is given this long to take the last answer, milliseconds. */
const FAREWELL_MS = 2000;
/** Requests that are answered in one turn of the event loop: a client that sends thousands in one piece must let others have their turn. */
const MAX_AT_ONCE = 16;
/** Bytes of answers that a client may leave unread before it gets no more. */
const MAX_UNREAD = 64 * 1024;
/** POSTs of a tunnel that are open at a time, with a login and without: the newest, and the one before it. */
const MAX_INPUTS = 2;

/** A connection, and what answers on it. */
export interface ConnectionOptions {
  /** Where answers and interleaved packets go; it is read only once {@link RtspConnection.read} has it. */
  readonly socket: Socket;
  /** Address of the client, where the socket is a proxy's. */
  readonly clientAddress?: string | undefined;
  /** Whether it is one half of a tunnel through HTTP. */
  readonly tunnelled?: boolean;
  /** What answers requests. */
  readonly requests: RtspRequests;
  /** Reads what waits in the kernel for the client. */
  readonly queues: SendQueues;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called once, when the socket has closed. */
  readonly onClose: () => void;
}

/** One client's RTSP connection: a socket of its own, or a tunnel through HTTP. Requests are answered one after the other. */
export class RtspConnection implements RtspClient {
  readonly socket: Socket;
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly clientAddress: string;
  /** Whether it goes through HTTP. */
  readonly tunnelled: boolean;
  readonly pace: ViewerPace;
  authenticated = false;
  user: User | undefined;
  readonly #gone = new AbortController();
  readonly gone = this.#gone.signal;
  readonly #sessions = new Map<string, RtspSession>();
  /** Fulfilled when the last request that came is answered. */
  #turn: Promise<void> = Promise.resolve();
  /** Requests that are being answered. */
  #answering = 0;
  #closing = false;
  /** Bytes of answers that have not gone out. */
  #unread = 0;
  #heardAt: number;
  readonly #openedAt: number;
  /** Where requests come from: its socket, or the POSTs of a tunnel. */
  readonly #inputs = new Set<RtspInput>();

  constructor(private readonly options: ConnectionOptions) {
    const { socket, clock } = options;
    this.socket = socket;
    this.remoteAddress = plainAddress(socket.remoteAddress);
    this.localAddress = plainAddress(socket.localAddress);
    this.clientAddress = options.clientAddress ?? this.remoteAddress;
    this.tunnelled = options.tunnelled === true;
    this.pace = new ViewerPace({ ...options, name: () => this.#name() });
    this.#openedAt = clock.monotonic();
    this.#heardAt = this.#openedAt;
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#gone.abort();
      this.endSessions('disconnected');
      for (const { socket } of this.#inputs) socket.destroy();
      options.onClose();
    });
  }

  /** Reads requests from a socket. @returns what takes bytes that came from it already */
  read(socket: Socket, options: Pick<RtspInputOptions, 'decode' | 'early'> = {}): (chunk: Buffer) => void {
    const now = this.options.clock.monotonic();
    const input: RtspInput = new RtspInput({
      ...options,
      socket,
      now,
      frame: (channel, payload) => this.#interleaved(input, channel, payload),
    });
    this.#inputs.add(input);
    this.#limitInputs();
    socket.once('close', () => this.#forget(input));
    const take = (chunk: Buffer) => {
      if (this.#closing) return;
      if (!input.take(chunk)) this.#fail(input);
      else {
        void this.#goOn(input);
        if (input.full) socket.pause();
      }
    };
    socket.on('data', take);
    return take;
  }

  /** Whether answers go to this socket, or requests come from it by a way on which a login was shown. */
  answersTo(socket: Socket): boolean {
    if (socket === this.socket) return true;
    for (const input of this.#inputs) if (input.socket === socket) return input.authenticated;
    return false;
  }

  /** What the log calls it. */
  #name(): string {
    const streams = [...this.#sessions.values()].map(({ stream }) => stream.name);
    return `${this.clientAddress} (RTSP, ${streams.join(' and ')})`;
  }

  get sessions(): ReadonlyMap<string, RtspSession> {
    return this.#sessions;
  }

  add(session: RtspSession): void {
    this.#sessions.set(session.id, session);
  }

  endSession(session: RtspSession, ending: Ending): void {
    if (!this.#sessions.delete(session.id)) return;
    session.end();
    this.options.log.debug(`RTSP session of ${session.stream.name} ended: ${ending}`, { client: this.clientAddress });
  }

  /** Ends all sessions. */
  endSessions(ending: Ending): void {
    for (const session of this.sessions.values()) this.endSession(session, ending);
  }

  /** Ends the connection and its sessions from our side; the client may still take what has been written. */
  end(ending: Ending): void {
    this.#drop();
    this.#heardAt = this.options.clock.monotonic();
    this.endSessions(ending);
    this.socket.end();
  }

  receive(session: RtspSession, rtcp: Buffer): void {
    const packets = parseRtcp(rtcp);
    if (!packets) return;
    session.heard(this.options.clock.monotonic());
    for (const packet of packets) {
      if (packet.type !== 'receiver-report') continue;
      for (const { ssrc, cumulativeLost } of packet.reports) session.lost(ssrc, cumulativeLost);
    }
  }

  /** Ends what is overdue: sessions, and the connection itself. @returns how its sessions ended */
  sweep(): Ending[] {
    const now = this.options.clock.monotonic();
    const endings: Ending[] = [];
    for (const session of this.sessions.values()) {
      const ending = session.overdue(now);
      if (!ending) continue;
      endings.push(ending);
      // What waits in the kernel's queue for a client that takes nothing is freed by a reset alone.
      if (ending === 'stalled') this.socket.resetAndDestroy();
      else this.endSession(session, ending);
    }
    const silence = now - this.#heardAt;
    const rested = silence >= (this.authenticated ? IDLE_TIMEOUT_MS : STRANGER_TIMEOUT_MS);
    const strange = !this.authenticated && now - this.#openedAt >= STRANGER_LIMIT_MS;
    const ended = this.#closing && silence >= FAREWELL_MS;
    if (ended || (this.sessions.size === 0 && this.#answering === 0 && (rested || strange))) this.socket.destroy();
    for (const input of this.#inputs) {
      if (this.authenticated && !input.authenticated && now - input.openedAt >= IDLE_TIMEOUT_MS) this.#refuse(input);
    }
    return endings;
  }

  /** Takes apart what came and answers, one request after the other, for as long as the client takes the answers. */
  async #goOn(input: RtspInput): Promise<void> {
    if (input.busy) return;
    input.busy = true;
    for (let count = 1; this.#unread < MAX_UNREAD; count++) {
      const next = input.next();
      if (!next) break;
      await this.#answer(next, input);
      if (count % MAX_AT_ONCE === 0) await new Promise(setImmediate);
    }
    input.busy = false;
    if (input.socket.destroyed) this.#forget(input);
    else if (!input.full) input.socket.resume();
  }

  async #answer(next: RtspRequest | RtspProblem, input: RtspInput): Promise<void> {
    if ('reason' in next) {
      this.#fail(input, next);
      return;
    }
    const isForeign = () => this.authenticated && !input.authenticated;
    for (let answered = false; !answered; ) {
      // Out of turn: a stranger who has to wait shall not make the client wait.
      if (isForeign() && !(await this.#admits(next, input))) return;
      this.#turn = this.#turn.then(async () => {
        // The client may have logged in meanwhile, on another way.
        answered = !isForeign();
        if (answered) await this.#respond(next, input);
      });
      await this.#turn;
    }
  }

  /** Whether the request comes with the client's own login, by another POST of its tunnel. */
  async #admits(request: RtspRequest, input: RtspInput): Promise<boolean> {
    const refusal = await this.options.requests.admit(request, this, input);
    if (this.gone.aborted || this.#closing) return false;
    if (!refusal) return true;
    if (refusal.apart) this.#refuse(input);
    else this.#write({ ...refusal, cseq: request.headers.get('cseq'), server: SERVER });
    return false;
  }

  /** Never rejects: those that come after would not be answered. */
  async #respond(request: RtspRequest, input: RtspInput): Promise<void> {
    if (this.gone.aborted || this.#closing) return;
    this.#answering++;
    try {
      const { send, close } = await this.options.requests.answer(request, this, input);
      if (this.gone.aborted || this.#closing) {
        this.#drop();
        return;
      }
      this.#limitInputs();
      this.#heardAt = this.options.clock.monotonic();
      send((response) => this.#write(response));
      if (close) this.end('refused');
    } catch (error) {
      this.options.log.error(`RTSP server: ${messageOf(error)}`, { client: this.remoteAddress });
      this.socket.destroy();
    } finally {
      this.#answering--;
    }
  }

  /** Ends a way on which nothing can be read any further. A stranger's POST ends alone, and not somebody's tunnel with it. */
  #fail(input: RtspInput, problem?: RtspProblem): void {
    if (!input.authenticated && (this.authenticated || this.#inputs.size > 1)) {
      this.#refuse(input);
      return;
    }
    if (problem) this.#write({ status: problem.status, cseq: problem.cseq, server: SERVER });
    this.end('refused');
  }

  /** Ends a POST that is not the client's. */
  #refuse(input: RtspInput): void {
    this.#inputs.delete(input);
    input.drop();
    input.socket.write(TUNNEL_REFUSAL);
    input.socket.destroySoon();
  }

  /** Ends the oldest ways, of those with a login and of those without, where there are too many: the latter push out none of the former. */
  #limitInputs(): void {
    if (this.#inputs.size <= MAX_INPUTS) return;
    for (const authenticated of [true, false]) {
      const alike = [...this.#inputs].filter((input) => input.authenticated === authenticated);
      for (const input of alike.slice(0, -MAX_INPUTS)) {
        this.#inputs.delete(input);
        input.drop();
        input.socket.destroy();
      }
    }
  }

  /** Forgets a closed way once all that it has sent is answered. */
  #forget(input: RtspInput): void {
    if (!input.busy && !input.pending) this.#inputs.delete(input);
  }

  /** Takes no notice of anything more that comes. */
  #drop(): void {
    this.#closing = true;
    for (const input of this.#inputs) input.drop();
  }

  #write(response: RtspResponse): void {
    const bytes = formatResponse(response);
    this.#unread += bytes.length;
    this.socket.write(bytes, () => {
      const full = this.#unread >= MAX_UNREAD;
      this.#unread -= bytes.length;
      if (full && !this.gone.aborted) for (const input of this.#inputs) void this.#goOn(input);
    });
  }

  #interleaved(input: RtspInput, channel: number, payload: Buffer): void {
    if (!input.authenticated) {
      // Before the login there is no stream that it could be about.
      if (!this.authenticated) this.#fail(input);
      return;
    }
    for (const session of this.sessions.values()) {
      if (session.tracks.some(({ carrier }) => carrier.kind === 'interleaved' && carrier.channels.rtcp === channel))
        this.receive(session, payload);
    }
  }
}

/** Returns an IPv4 address that came through an IPv6 socket as itself: UDP sockets are opened for the one or the other. */
const plainAddress = (address: string | undefined): string => (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
