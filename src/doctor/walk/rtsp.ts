import { randomBytes } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Login } from '../../config/first-password.ts';
import { legacyDigestResponse } from '../../protocols/http-auth/digest.ts';

/** A way of carrying RTP: in the RTSP connection, by UDP, or in RTSP through HTTP. */
export type Transport = 'tcp' | 'udp' | 'tunnel';

/** Number of packets that shows that a stream flows: one alone may be a report. */
const ENOUGH_PACKETS = 3;
/** Longest answer with its body, bytes; an SDP has 500. */
const MAX_ANSWER = 64 * 1024;

/**
 * Plays a stream by RTSP (RFC 2326) until a few packets have come, without decoding them: for machines without ffmpeg.
 * @param url without credentials; for `tunnel` with the web port
 * @returns the number of packets that came
 * @throws Error with what went wrong
 */
export async function playRtsp(url: string, transport: Transport, login: Login | undefined, signal: AbortSignal): Promise<number> {
  const { hostname, port } = new URL(url);
  const address = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 554) };
  const session = new Session(url, login, signal);
  const udp: UdpSocket[] = [];
  try {
    await (transport === 'tunnel' ? session.tunnel(address) : session.connect(address));
    const description = await session.request('DESCRIBE', url, { Accept: 'application/sdp' });
    const control = /^m=video[\s\S]*?^a=control:(\S+)/m.exec(description.body)?.[1] ?? '';
    const base = description.header('Content-Base') ?? url;
    const track = /^rtsp:/i.test(control) ? control : `${base.replace(/\/$/, '')}/${control}`;
    let carry = 'RTP/AVP/TCP;unicast;interleaved=0-1';
    if (transport === 'udp') {
      const ports = await openPair(udp, () => session.count());
      carry = `RTP/AVP;unicast;client_port=${ports.join('-')}`;
    }
    const setup = await session.request('SETUP', track, { Transport: carry });
    const id = setup.header('Session')?.split(';')[0] ?? '';
    await session.request('PLAY', base, { Session: id, Range: 'npt=0.000-' });
    const packets = await session.packets();
    session.send('TEARDOWN', base, { Session: id });
    return packets;
  } finally {
    session.close();
    for (const socket of udp) socket.close();
  }
}

/** Opens two neighbouring UDP ports, the first one even, for RTP and RTCP (RFC 3550, section 11). */
async function openPair(opened: UdpSocket[], onPacket: () => void): Promise<[number, number]> {
  for (let tries = 0; tries < 50; tries++) {
    const even = 20_000 + 2 * (randomBytes(2).readUInt16BE() % 20_000);
    const pair = [createSocket('udp4'), createSocket('udp4')] as const;
    try {
      for (const [at, socket] of pair.entries()) {
        socket.bind(even + at);
        await once(socket, 'listening');
        socket.on('error', () => {});
      }
      pair[0].on('message', onPacket);
      opened.push(...pair);
      return [even, even + 1];
    } catch {
      for (const socket of pair) socket.close();
    }
  }
  throw new Error('no two neighbouring UDP ports are free');
}

interface Answer {
  readonly status: number;
  readonly body: string;
  header(name: string): string | undefined;
}

/** The RTSP session of one client, over one connection or the two of a tunnel. */
class Session {
  readonly #sockets: Socket[] = [];
  #write: (text: string) => void = () => {};
  #held: Buffer = Buffer.alloc(0);
  #inHttpHead = false;
  #sequence = 0;
  #challenge: { realm: string; nonce: string } | undefined;
  #packets = 0;
  /** Takes the next answer. */
  #onAnswer: ((answer: Answer) => void) | undefined;
  /** Called when enough packets have come. */
  #onPackets: (() => void) | undefined;
  readonly #failed: Promise<never>;
  #fail: (error: Error) => void = () => {};

  constructor(
    private readonly url: string,
    private readonly login: Login | undefined,
    private readonly signal: AbortSignal,
  ) {
    this.#failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    // The session may fail while nothing waits for it.
    this.#failed.catch(() => {});
    signal.addEventListener('abort', () => this.#fail(new Error(this.#packets > 0 ? 'too few packets came' : 'nothing came')), {
      once: true,
    });
  }

  /** Opens a connection of RTSP. */
  async connect(address: { host: string; port: number }): Promise<void> {
    const socket = await this.#open(address);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#write = (text) => socket.write(text);
  }

  /** Opens a tunnel: GET receives, POST sends in Base64 (Apple's "Tunnelling RTSP and RTP through HTTP"). */
  async tunnel(address: { host: string; port: number }): Promise<void> {
    const path = new URL(this.url).pathname;
    const cookie = randomBytes(12).toString('hex');
    const head = (method: string, more: string) =>
      `${method} ${path} HTTP/1.0\r\nHost: ${address.host}:${address.port}\r\nx-sessioncookie: ${cookie}\r\n${more}Cache-Control: no-cache\r\n\r\n`;
    const [get, post] = [await this.#open(address), await this.#open(address)];
    this.#inHttpHead = true;
    get.on('data', (chunk: Buffer) => this.#take(chunk));
    post.on('data', () => {});
    get.write(head('GET', 'Accept: application/x-rtsp-tunnelled\r\n'));
    post.write(head('POST', 'Content-Type: application/x-rtsp-tunnelled\r\nContent-Length: 32767\r\n'));
    this.#write = (text) => post.write(Buffer.from(text, 'utf8').toString('base64'));
  }

  /** Sends a request, again with the login where that is asked for, and resolves to its answer. Rejects where that is not 200. */
  async request(method: string, url: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
    let answer = await this.#exchange(method, url, headers);
    if (answer.status === 401 && this.login && !this.#challenge) {
      const challenge = answer.header('WWW-Authenticate') ?? '';
      const [realm, nonce] = [/realm="([^"]*)"/.exec(challenge)?.[1], /nonce="([^"]*)"/.exec(challenge)?.[1]];
      if (realm !== undefined && nonce !== undefined) this.#challenge = { realm, nonce };
      answer = await this.#exchange(method, url, headers);
    }
    if (answer.status !== 200) throw new Error(`${method} is answered with ${answer.status}`);
    return answer;
  }

  /** Sends a request without waiting for its answer. */
  send(method: string, url: string, headers: Readonly<Record<string, string>>): void {
    const lines = { CSeq: String(++this.#sequence), 'User-Agent': 'onvif-camera doctor', ...this.#authorization(method, url), ...headers };
    const text = Object.entries(lines)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('');
    this.#write(`${method} ${url} RTSP/1.0\r\n${text}\r\n`);
  }

  /** Counts a packet. */
  count(): void {
    this.#packets++;
    if (this.#packets >= ENOUGH_PACKETS) this.#onPackets?.();
  }

  /** Resolves to the number of packets when enough have come. */
  async packets(): Promise<number> {
    const enough = new Promise<void>((resolve) => {
      this.#onPackets = resolve;
      if (this.#packets >= ENOUGH_PACKETS) resolve();
    });
    await Promise.race([enough, this.#failed]);
    return this.#packets;
  }

  /** Closes all connections. */
  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #open({ host, port }: { host: string; port: number }): Promise<Socket> {
    this.signal.throwIfAborted();
    const socket = connect({ host, port, noDelay: true });
    this.#sockets.push(socket);
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the connection was closed')));
    await Promise.race([once(socket, 'connect'), this.#failed]);
    return socket;
  }

  #exchange(method: string, url: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
    const answered = new Promise<Answer>((resolve) => {
      this.#onAnswer = resolve;
    });
    this.send(method, url, headers);
    return Promise.race([answered, this.#failed]);
  }

  #authorization(method: string, uri: string): { Authorization?: string } {
    if (!this.#challenge || !this.login) return {};
    const { realm, nonce } = this.#challenge;
    const { user, password } = this.login;
    const response = legacyDigestResponse({ username: user, realm, nonce, uri }, method, password);
    return { Authorization: `Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}"` };
  }

  #take(chunk: Buffer): void {
    this.#held = Buffer.concat([this.#held, chunk]);
    while (this.#takeOne());
    if (this.#held.length > MAX_ANSWER + 4) this.#fail(new Error('an answer without an end'));
  }

  /** Takes an interleaved packet or an answer (RFC 2326, section 10.12). False: it has not come as a whole. */
  #takeOne(): boolean {
    const held = this.#held;
    if (!this.#inHttpHead && held[0] === 0x24) {
      if (held.length < 4 || held.length < 4 + held.readUInt16BE(2)) return false;
      if (held[1] === 0) this.count();
      this.#held = held.subarray(4 + held.readUInt16BE(2));
      return true;
    }
    const end = held.indexOf('\r\n\r\n');
    if (end < 0) return false;
    const head = held.toString('latin1', 0, end);
    const header = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(head)?.[1]?.trim();
    if (this.#inHttpHead) {
      this.#inHttpHead = false;
      this.#held = held.subarray(end + 4);
      const status = /^HTTP\S+ (\d+)/.exec(head)?.[1];
      if (status !== '200') this.#fail(new Error(`the tunnel is answered with ${status ?? 'something else than HTTP'}`));
      return true;
    }
    // Anything but a number counts as 0: with NaN, the answer would never be whole.
    const length = Number(/^\d{1,9}$/.exec(header('Content-Length') ?? '')?.[0] ?? 0);
    if (held.length < end + 4 + length) return false;
    const status = Number(/^RTSP\S+ (\d+)/.exec(head)?.[1] ?? 0);
    const body = held.toString('utf8', end + 4, end + 4 + length);
    this.#held = held.subarray(end + 4 + length);
    this.#onAnswer?.({ status, body, header });
    return true;
  }
}
