import type { Socket } from 'node:net';
import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/log.ts';
import { parseRtcp } from '../../protocols/rtp/rtcp-parser.ts';
import { RtspReader, type RtspRequest } from '../../protocols/rtsp/reader.ts';
import { formatResponse, type RtspResponse } from '../../protocols/rtsp/response.ts';
import type { RtspClient } from './client.ts';
import { type RtspRequests, SERVER } from './requests.ts';
import type { Ending, RtspSession } from './session.ts';

/** A connection without credentials is closed after this long without a request, and after so long at all. */
const STRANGER_TIMEOUT_MS = 10_000;
const STRANGER_LIMIT_MS = 60_000;
/** One whose client has logged in may rest between two requests. */
const IDLE_TIMEOUT_MS = 70_000;
/** Requests that may wait for the one before them to be answered. */
const MAX_PIPELINED = 16;

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
  readonly #gone = new AbortController();
  readonly gone = this.#gone.signal;
  readonly #sessions = new Map<string, RtspSession>();
  readonly #reader: RtspReader;
  readonly #waiting: RtspRequest[] = [];
  #answering = false;
  #closing = false;
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
      request: (request) => this.#enqueue(request),
      frame: (channel, payload) => this.#interleaved(channel, payload),
      problem: ({ status, cseq }) => {
        this.#closing = true;
        this.#write({ status, cseq, server: SERVER });
        this.socket.end();
      },
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
      else if (!this.#closing) this.#reader.push(bytes);
    };
    this.#inputs.add(input);
    input.once('close', () => this.#inputs.delete(input));
    input.on('data', take);
    if (this.#waiting.length >= MAX_PIPELINED) input.pause();
    return take;
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
    const rested = now - this.#heardAt >= (this.authenticated ? IDLE_TIMEOUT_MS : STRANGER_TIMEOUT_MS);
    const strange = !this.authenticated && now - this.#openedAt >= STRANGER_LIMIT_MS;
    if (this.sessions.size === 0 && !this.#answering && (rested || strange)) this.socket.destroy();
    return endings;
  }

  #enqueue(request: RtspRequest): void {
    this.#waiting.push(request);
    if (this.#waiting.length === MAX_PIPELINED) for (const input of this.#inputs) input.pause();
    if (!this.#answering) void this.#answerAll();
  }

  async #answerAll(): Promise<void> {
    this.#answering = true;
    for (let request = this.#waiting.shift(); request && !this.gone.aborted; request = this.#waiting.shift()) {
      if (this.#waiting.length === MAX_PIPELINED - 1) for (const input of this.#inputs) input.resume();
      const { response, after, close } = await this.options.requests.answer(request, this);
      if (this.gone.aborted) break;
      this.#heardAt = this.options.clock.monotonic();
      this.#write(response);
      after?.();
      if (close) {
        this.#closing = true;
        this.socket.end();
      }
    }
    this.#answering = false;
  }

  #write(response: RtspResponse): void {
    this.socket.write(formatResponse(response));
  }

  #interleaved(channel: number, payload: Buffer): void {
    for (const session of this.sessions.values()) {
      if (session.carrier.kind === 'interleaved' && session.carrier.channels.rtcp === channel) this.receive(session, payload);
    }
  }
}

/** An IPv4 address that came through an IPv6 socket as itself: UDP sockets are opened for the one or the other. */
const plainAddress = (address: string | undefined): string => (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
