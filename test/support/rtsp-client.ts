import { createHash, randomBytes } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { ReceivedStream } from './rtp/received.ts';
import { basic, PASSWORD } from './server.ts';
import { connectTls } from './tls.ts';
import { Watched } from './watched.ts';

export interface Reply {
  readonly status: number;
  /** By lower-case name; a name that came twice has its values joined by a line feed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Credentials {
  readonly user: string;
  readonly password: string;
  readonly scheme?: 'digest' | 'basic';
}

export interface ClientOptions {
  readonly host?: string;
  /** Null: none. */
  readonly credentials?: Credentials | null;
  /** Address to come from. */
  readonly from?: string;
  /** Header lines besides, in the heads of a tunnel. */
  readonly headers?: Readonly<Record<string, string>>;
}

const ADMIN: Credentials = { user: 'admin', password: PASSWORD };

const md5 = (text: string) => createHash('md5').update(text).digest('hex');

/** RFC 2069: all that RTSP clients know. */
function digest({ user, password }: Credentials, challenge: string, method: string, uri: string): string {
  const [realm, nonce] = [/realm="([^"]*)"/.exec(challenge)![1]!, /nonce="([^"]*)"/.exec(challenge)![1]!];
  const response = md5(`${md5(`${user}:${realm}:${password}`)}:${nonce}:${md5(`${method}:${uri}`)}`);
  return `Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}"`;
}

/** An RTSP client over raw sockets. It logs in when it is asked to, and checks that answers come in the order of the requests. */
export class RtspClient extends Watched {
  readonly replies: Reply[] = [];
  /** What came on each interleaved channel pair, by the number of its even one. */
  readonly streams = new Map<number, ReceivedStream>();
  /** Answers and interleaved packets in their order: "200", "$0". */
  readonly events: string[] = [];
  closed = false;
  /** Sent along with each request once there is one. */
  session: string | undefined;
  #cseq = 0;
  #challenge: string | undefined;
  #held: Buffer = Buffer.alloc(0);
  readonly #credentials: Credentials | null;

  protected constructor(
    readonly base: string,
    /** Where answers come from. */
    readonly socket: Socket,
    private readonly send: (bytes: Buffer) => void,
    options: ClientOptions,
  ) {
    super();
    this.#credentials = options.credentials === undefined ? ADMIN : options.credentials;
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.changed();
    });
  }

  /** Over its own connection. */
  static async connect(port: number, options: ClientOptions = {}): Promise<RtspClient> {
    const host = options.host ?? '127.0.0.1';
    const socket = connect({ port, host, noDelay: true, ...(options.from && { localAddress: options.from }) });
    const client = new RtspClient(`rtsp://${host}:${port}`, socket, (bytes) => socket.write(bytes), options);
    socket.on('data', (chunk) => client.take(chunk));
    await once(socket, 'connect');
    return client;
  }

  /** Through HTTP (GET and POST). */
  static async tunnel(
    port: number,
    options: ClientOptions & { order?: 'get' | 'post'; cookie?: string; tls?: boolean } = {},
  ): Promise<TunnelClient> {
    const { host = '127.0.0.1', order = 'get', cookie = randomBytes(8).toString('hex'), tls = false } = options;
    const open = () => (tls ? connectTls(port) : connect({ port, host, noDelay: true }));
    const [get, post] = [open(), open()];
    const client = new TunnelClient(`rtsp${tls ? 's' : ''}://${host}:${port}`, get, post, cookie, options);
    const ready = tls ? 'secureConnect' : 'connect';
    await Promise.all([once(get, ready), once(post, ready)]);
    if (order === 'get') client.sendGet();
    else client.sendPost();
    return client;
  }

  url(path: string): string {
    return this.base + path;
  }

  /** Sends a request and waits for its answer; once more with credentials if it is asked for them. */
  async request(method: string, url = '*', headers: Readonly<Record<string, string>> = {}, body = ''): Promise<Reply> {
    const before = this.#authorization(method, url);
    const reply = await this.exchange(method, url, { ...(before && { Authorization: before }), ...headers }, body);
    if (reply.status !== 401 || !this.#credentials || headers.Authorization) return reply;
    this.#challenge = reply.headers['www-authenticate'];
    return this.exchange(method, url, { Authorization: this.#authorization(method, url)!, ...headers }, body);
  }

  #authorization(method: string, url: string): string | undefined {
    const credentials = this.#credentials;
    if (!credentials || this.#challenge === undefined) return undefined;
    return credentials.scheme === 'basic'
      ? basic(credentials.user, credentials.password)
      : digest(credentials, this.#challenge, method, url);
  }

  /** One request and one answer. */
  async exchange(method: string, url: string, headers: Readonly<Record<string, string>> = {}, body = ''): Promise<Reply> {
    const at = this.replies.length;
    const cseq = this.post(method, url, headers, body);
    await this.until(() => this.replies.length > at || this.closed, `the answer to ${method}`);
    const reply = this.replies[at];
    if (!reply) throw new Error(`closed instead of answering ${method}`);
    if (reply.headers.cseq !== String(cseq)) throw new Error(`CSeq ${reply.headers.cseq} instead of ${cseq}`);
    if (method === 'SETUP' && reply.status === 200) this.session = reply.headers.session!.split(';')[0];
    return reply;
  }

  /** Sends a request without waiting. @returns its CSeq */
  post(method: string, url: string, headers: Readonly<Record<string, string>> = {}, body = ''): number {
    const all = {
      CSeq: String(++this.#cseq),
      ...(this.session && { Session: this.session }),
      ...(body && { 'Content-Length': String(Buffer.byteLength(body)) }),
      ...headers,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    this.raw(`${method} ${url} RTSP/1.0\r\n${lines.join('')}\r\n${body}`);
    return this.#cseq;
  }

  raw(bytes: string | Buffer): void {
    this.send(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** An interleaved packet. */
  frame(channel: number, payload: Buffer): void {
    const head = Buffer.of(0x24, channel, 0, 0);
    head.writeUInt16BE(payload.length, 2);
    this.raw(Buffer.concat([head, payload]));
  }

  stream(channel = 0): ReceivedStream {
    const known = this.streams.get(channel);
    if (known) return known;
    const made = new ReceivedStream();
    this.streams.set(channel, made);
    return made;
  }

  /** Sets up a stream over this connection and plays it. @returns the answer to PLAY */
  async playInterleaved(path: string, channel = 0): Promise<Reply> {
    const url = this.url(path);
    await this.request('SETUP', `${url}/trackID=0`, { Transport: `RTP/AVP/TCP;unicast;interleaved=${channel}-${channel + 1}` });
    return this.request('PLAY', url);
  }

  /** Sets up a stream over UDP and plays it. */
  async playUdp(path: string): Promise<UdpReceiver> {
    const receiver = await UdpReceiver.open();
    const url = this.url(path);
    const { headers } = await this.request('SETUP', `${url}/trackID=0`, {
      Transport: `RTP/AVP;unicast;client_port=${receiver.port}-${receiver.port + 1}`,
    });
    receiver.serverPort = Number(/server_port=(\d+)/.exec(headers.transport!)![1]);
    await this.request('PLAY', url);
    return receiver;
  }

  /** Goes without a word. */
  vanish(): void {
    this.socket.destroy();
  }

  /** Bytes of the conversation that came in. */
  protected take(chunk: Buffer): void {
    this.#held = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk;
    let at = 0;
    for (let used = this.#takeOne(at); used > 0; used = this.#takeOne(at)) at += used;
    this.#held = this.#held.subarray(at);
    this.changed();
  }

  #takeOne(at: number): number {
    const held = this.#held;
    if (held.length - at < 4) return 0;
    if (held[at] === 0x24) {
      const length = 4 + held.readUInt16BE(at + 2);
      if (held.length - at < length) return 0;
      const [channel, payload] = [held[at + 1]!, held.subarray(at + 4, at + length)];
      const stream = this.stream(channel & ~1);
      if (channel % 2 === 0) stream.takeRtp(payload);
      else stream.takeRtcp(payload);
      this.#note(`$${channel}`);
      return length;
    }
    const end = held.indexOf('\r\n\r\n', at);
    if (end < 0) return 0;
    const [first, ...lines] = held.toString('latin1', at, end).split('\r\n');
    const status = /^RTSP\/1\.0 (\d{3}) /.exec(first!)?.[1];
    if (!status) throw new Error(`neither an answer nor a packet: ${JSON.stringify(first!.slice(0, 100))}`);
    const headers: Record<string, string> = {};
    for (const line of lines) {
      const [name, value] = [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()];
      headers[name] = headers[name] === undefined ? value : `${headers[name]}\n${value}`;
    }
    const length = Number(headers['content-length'] ?? 0);
    if (held.length < end + 4 + length) return 0;
    this.replies.push({ status: Number(status), headers, body: held.toString('latin1', end + 4, end + 4 + length) });
    this.#note(status);
    return end + 4 + length - at;
  }

  #note(event: string): void {
    if (this.events.length < 1000) this.events.push(event);
  }
}

/** The two halves of a tunnel through HTTP. */
export class TunnelClient extends RtspClient {
  #post: Socket;
  #head = '';
  readonly #headers: string;

  constructor(
    base: string,
    readonly get: Socket,
    post: Socket,
    readonly cookie: string,
    options: ClientOptions,
  ) {
    super(base, get, (bytes) => this.#post.write(bytes.toString('base64')), options);
    this.#post = post;
    this.#headers = Object.entries(options.headers ?? {})
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('');
    post.on('error', () => {});
    get.on('data', (chunk) => this.#takeAnswer(chunk));
  }

  /** The POST that is in use. */
  get input(): Socket {
    return this.#post;
  }

  /** Head of the answer to the GET. */
  get head(): string {
    return this.#head;
  }

  sendGet(path = '/stream.mjpg'): void {
    this.get.write(
      `GET ${path} HTTP/1.0\r\nx-sessioncookie: ${this.cookie}\r\n${this.#headers}Accept: application/x-rtsp-tunnelled\r\n\r\n`,
    );
  }

  sendPost(path = '/stream.mjpg'): void {
    this.#post.write(
      `POST ${path} HTTP/1.0\r\nx-sessioncookie: ${this.cookie}\r\n${this.#headers}Content-Type: application/x-rtsp-tunnelled\r\nContent-Length: 32767\r\n\r\n`,
    );
  }

  /** Goes on with a new POST. */
  async renewPost(): Promise<void> {
    this.#post.end();
    this.#post = connect({ port: this.get.remotePort!, host: this.get.remoteAddress!, noDelay: true });
    this.#post.on('error', () => {});
    await once(this.#post, 'connect');
    this.sendPost();
  }

  override vanish(): void {
    this.get.destroy();
    this.#post.destroy();
  }

  #takeAnswer(chunk: Buffer): void {
    if (this.#head.endsWith('\r\n\r\n')) {
      this.take(chunk);
      return;
    }
    const text = this.#head + chunk.toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    this.#head = end < 0 ? text : text.slice(0, end + 4);
    this.changed();
    if (end >= 0 && text.length > end + 4) this.take(Buffer.from(text.slice(end + 4), 'latin1'));
  }
}

/** A client's two UDP ports. */
export class UdpReceiver extends Watched {
  readonly stream = new ReceivedStream();
  serverPort = 0;

  private constructor(
    readonly rtp: UdpSocket,
    readonly rtcp: UdpSocket,
    readonly port: number,
  ) {
    super();
    rtp.on('message', (bytes) => {
      this.stream.takeRtp(bytes);
      this.changed();
    });
    rtcp.on('message', (bytes) => {
      this.stream.takeRtcp(bytes);
      this.changed();
    });
  }

  static async open(): Promise<UdpReceiver> {
    for (;;) {
      const rtp = await bound(0);
      const { port } = rtp!.address();
      const rtcp = port % 2 === 0 ? await bound(port + 1) : undefined;
      if (rtcp) return new UdpReceiver(rtp!, rtcp, port);
      rtp!.close();
    }
  }

  /** Sends RTCP from the port that the server knows. */
  report(rtcp: Buffer): void {
    this.rtcp.send(rtcp, this.serverPort + 1, '127.0.0.1');
  }

  close(): void {
    this.rtp.close();
    this.rtcp.close();
  }
}

function bound(port: number): Promise<UdpSocket | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
    socket.once('error', () => resolve(undefined));
    socket.bind(port, '127.0.0.1', () => resolve(socket));
  });
}
