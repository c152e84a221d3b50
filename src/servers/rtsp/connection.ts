import type { Socket } from 'node:net';
import type { User } from '../../auth/users.ts';
import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/log.ts';
import { parseRtcp } from '../../protocols/rtp/rtcp-parser.ts';
import { type RtspProblem, RtspReader, type RtspRequest } from '../../protocols/rtsp/reader.ts';
import { formatResponse, type RtspResponse } from '../../protocols/rtsp/response.ts';
import type { RtspClient } from './client.ts';
import { type RtspRequests, SERVER } from './requests.ts';
import type { Ending, RtspSession } from './session.ts';

/** A connection without credentials is closed after this long without a request, and after so long at all. */
const STRANGER_TIMEOUT_MS = 10_000;
const STRANGER_LIMIT_MS = 60_000;
/** One whose client has logged in may rest between two requests. */
const IDLE_TIMEOUT_MS = 70_000;
/** One that the server has ended is given this long to take the last answer. */
const FAREWELL_MS = 2000;
/** Bytes that are taken apart at a time: they hold few requests, and no more are read before those are answered. */
const SLICE = 512;
/** Bytes of answers that a client may leave unread before it gets no more. */
const MAX_UNREAD = 64 * 1024;
/** POSTs of a tunnel that are open at a time: the newest, and the one before it. */
const MAX_INPUTS = 2;

export interface ConnectionOptions {
  /** Where answers and interleaved packets go; what comes from it is pushed by the owner. */
  readonly socket: Socket;
  readonly requests: RtspRequests;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called once. */
  readonly onClose: () => void;
}

/** One client's RTSP connection: its own socket, or a tunnel through HTTP. Requests are answered one after the other. */
export class RtspConnection implements RtspClient {
  readonly socket: Socket;
  readonly remoteAddress: string;
  readonly localAddress: string;
  authenticated = false;
  user: User | undefined;
  readonly #gone = new AbortController();
  readonly gone = this.#gone.signal;
  readonly #sessions = new Map<string, RtspSession>();
  readonly #reader: RtspReader;
  #waiting: (RtspRequest | RtspProblem)[] = [];
  /** What came and has not been taken apart yet. */
  #pending: Buffer | undefined;
  #answering = false;
  #closing = false;
  /** Bytes of answers that have not gone out. */
  #unread = 0;
  #heardAt: number;
  readonly #openedAt: number;
  /** Where requests come from: its socket, or the POSTs of a tunnel. */
  readonly #inputs = new Set<Socket>();

  constructor(private readonly options: ConnectionOptions) {
    const { socket, clock } = options;
    this.socket = socket;
    this.remoteAddress = plainAddress(socket.remoteAddress);
    this.localAddress = plainAddress(socket.localAddress);
    this.#openedAt = clock.monotonic();
    this.#heardAt = this.#openedAt;
    this.#reader = new RtspReader({
      request: (request) => this.#waiting.push(request),
      frame: (channel, payload) => this.#interleaved(channel, payload),
      problem: (problem) => this.#waiting.push(problem),
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#gone.abort();
      this.endSessions('disconnected');
      for (const input of this.#inputs) input.destroy();
      options.onClose();
    });
  }

  /** Takes requests from a socket, by way of `decode` where they are wrapped up; undefined from it ends the connection. */
  read(input: Socket, decode: (chunk: Buffer) => Buffer | undefined = (chunk) => chunk): (chunk: Buffer) => void {
    const take = (chunk: Buffer) => {
      const bytes = decode(chunk);
      if (!bytes) this.socket.destroy();
      else if (!this.#closing && bytes.length > 0) {
        this.#pending = this.#pending ? Buffer.concat([this.#pending, bytes]) : bytes;
        void this.#goOn();
        if (this.#pending) for (const each of this.#inputs) each.pause();
      }
    };
    const [oldest] = this.#inputs;
    if (oldest && this.#inputs.size >= MAX_INPUTS) {
      this.#inputs.delete(oldest);
      oldest.destroy();
    }
    this.#inputs.add(input);
    input.once('close', () => this.#inputs.delete(input));
    input.on('data', take);
    if (this.#pending) input.pause();
    return take;
  }

  /** Whether requests come from this socket, or answers go there. */
  uses(socket: Socket): boolean {
    return socket === this.socket || this.#inputs.has(socket);
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
    this.options.log.debug(`RTSP session of ${session.track.name} ended: ${ending}`, { client: this.remoteAddress });
  }

  endSessions(ending: Ending): void {
    for (const session of this.sessions.values()) this.endSession(session, ending);
  }

  /** Ends the connection from our side; the client may still take what has been written. */
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
      for (const { ssrc, cumulativeLost } of packet.reports) if (ssrc === session.track.ssrc) session.lost(cumulativeLost);
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
    if (ended || (this.sessions.size === 0 && !this.#answering && (rested || strange))) this.socket.destroy();
    return endings;
  }

  /** Takes apart what came and answers, one request after the other, for as long as the client takes the answers. */
  async #goOn(): Promise<void> {
    if (this.#answering) return;
    this.#answering = true;
    while (this.#unread < MAX_UNREAD) {
      const next = this.#next();
      if (!next) break;
      await this.#answer(next);
    }
    this.#answering = false;
    if (!this.#pending) for (const input of this.#inputs) input.resume();
  }

  /** The next thing to be answered, if it is there. */
  #next(): RtspRequest | RtspProblem | undefined {
    while (this.#waiting.length === 0 && this.#pending) {
      const slice = this.#pending.subarray(0, SLICE);
      this.#pending = slice.length < this.#pending.length ? this.#pending.subarray(SLICE) : undefined;
      this.#reader.push(slice);
    }
    return this.#waiting.shift();
  }

  async #answer(next: RtspRequest | RtspProblem): Promise<void> {
    if ('reason' in next) {
      this.#write({ status: next.status, cseq: next.cseq, server: SERVER });
      this.end('refused');
      return;
    }
    const { send, close } = await this.options.requests.answer(next, this);
    if (this.gone.aborted || this.#closing) {
      this.#drop();
      return;
    }
    this.#heardAt = this.options.clock.monotonic();
    send((response) => this.#write(response));
    if (close) this.end('refused');
  }

  /** Takes no notice of anything more that comes. */
  #drop(): void {
    this.#closing = true;
    this.#waiting = [];
    this.#pending = undefined;
  }

  #write(response: RtspResponse): void {
    const bytes = formatResponse(response);
    this.#unread += bytes.length;
    this.socket.write(bytes, () => {
      const full = this.#unread >= MAX_UNREAD;
      this.#unread -= bytes.length;
      if (full && !this.gone.aborted) void this.#goOn();
    });
  }

  #interleaved(channel: number, payload: Buffer): void {
    for (const session of this.sessions.values()) {
      if (session.carrier.kind === 'interleaved' && session.carrier.channels.rtcp === channel) this.receive(session, payload);
    }
  }
}

/** An IPv4 address that came through an IPv6 socket as itself: UDP sockets are opened for the one or the other. */
const plainAddress = (address: string | undefined): string => (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
