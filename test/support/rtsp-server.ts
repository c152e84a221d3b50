import { FailureLimiter } from '../../src/auth/failure-limiter.ts';
import { HttpAuthenticator } from '../../src/auth/http-authenticator.ts';
import { KnownAddresses } from '../../src/auth/known-addresses.ts';
import { UserStore } from '../../src/auth/users.ts';
import { type LogFields, silentLogger } from '../../src/core/log.ts';
import { H264, MJPEG } from '../../src/device/stream-names.ts';
import { type H264Feed, type H264Source, type JpegFeed, StreamCatalogue } from '../../src/device/streams.ts';
import type { AccessUnit } from '../../src/frames/access-unit.ts';
import { allocateBuffer, Frame, HEADROOM } from '../../src/frames/frame.ts';
import { STANDARD_DHT } from '../../src/frames/jpeg.ts';
import { RtspServer, type RtspServerOptions } from '../../src/servers/rtsp/server.ts';
import { SendQueues } from '../../src/servers/send-queues.ts';
import { Hub } from '../../src/streams/hub.ts';
import { FakeClock } from './fake-clock.ts';
import { makeJpeg } from './jpegs.ts';
import { segment } from './rtp/coded-jpeg.ts';
import { type ClientOptions, RtspClient, type UdpReceiver } from './rtsp-client.ts';
import { PASSWORD } from './server.ts';

/** Another user of {@link PlayedRtspServer}. */
export const GUEST = { user: 'guest', password: 'open sesame' } as const;

const START_OF_SCAN = Buffer.of(0xff, 0xda);
/** The second quantisation table, which RTP wants. */
const CHROMINANCE = segment(0xdb, [1, ...Array<number>(64).fill(17)]);

const made = new Map<number, Buffer>();

/** A JPEG that RTP can carry, of so many bytes of data. */
function jpegOf(size: number): Buffer {
  const known = made.get(size);
  if (known) return known;
  const bare = makeJpeg({ huffmanTables: false, data: new Uint8Array(size) });
  const scan = bare.indexOf(START_OF_SCAN);
  const jpeg = Buffer.concat([bare.subarray(0, scan), CHROMINANCE, STANDARD_DHT, bare.subarray(scan)]);
  made.set(size, jpeg);
  return jpeg;
}

const PARAMETER_SETS = { sps: Buffer.from('6742c01ed9', 'hex'), pps: Buffer.from('68ce3c80', 'hex') };

/** An encoder whose pictures the test makes. */
export class PlayedEncoder implements H264Source {
  group: AccessUnit[] = [];
  keyFramesAsked = 0;
  readonly status = { state: 'live', error: undefined, encoder: 'played' } as const;
  readonly counters = { starts: 0, frames: 0, skipped: 0, units: 0, keyframes: 0, bytes: 0 };
  readonly #listeners = new Set<(unit: AccessUnit) => void>();

  constructor(private readonly clock: FakeClock) {}

  get viewers(): number {
    return this.#listeners.size;
  }

  subscribe(listener: (unit: AccessUnit) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async parameterSets() {
    return PARAMETER_SETS;
  }

  requestKeyFrame(): void {
    this.keyFramesAsked++;
  }

  /**
   * @param size bytes of the picture
   * @param monotonic when it was captured
   */
  encode(keyframe: boolean, size = 1000, monotonic = this.clock.monotonic()): void {
    const nal = Buffer.alloc(size, 0x55);
    nal[0] = keyframe ? 0x65 : 0x41;
    const times = { sequence: ++this.counters.units, capturedAt: this.clock.now(), monotonic };
    const unit: AccessUnit = { ...times, nals: [nal], keyframe, parameterSets: PARAMETER_SETS, size };
    if (keyframe) this.group = [];
    this.group.push(unit);
    for (const listener of [...this.#listeners]) listener(unit);
  }
}

/** The two streams, at 10 pictures per second. */
export const streamsOf = (source: H264Feed['source'], fps = 10, known = async () => {}) =>
  new StreamCatalogue<JpegFeed | H264Feed>([
    { ...H264, fps: () => fps, source, known },
    { ...MJPEG, fps: () => fps },
  ]);

/** The RTSP server alone, with a clock and pictures in the test's hands. */
export class PlayedRtspServer {
  readonly clock = new FakeClock();
  readonly encoder = new PlayedEncoder(this.clock);
  /** "start" and "stop" of the camera. */
  readonly demand: string[] = [];
  readonly hub = new Hub({
    demand: { start: () => this.demand.push('start'), stop: () => this.demand.push('stop'), retry: () => this.demand.push('retry') },
    idleTimeout: 5,
    clock: this.clock,
  });
  readonly users = new UserStore([
    { name: 'admin', password: PASSWORD, level: 'Administrator' },
    { name: GUEST.user, password: GUEST.password, level: 'User' },
  ]);
  readonly limiter = new FailureLimiter({ clock: this.clock, users: this.users });
  /** Warnings and errors. */
  readonly complaints: string[] = [];
  readonly server: RtspServer;
  readonly clients: RtspClient[] = [];
  /** Those that {@link stop} closes. */
  readonly receivers: UdpReceiver[] = [];
  #sequence = 0;

  /** @param basic whether passwords are taken as they are */
  constructor(change: Partial<RtspServerOptions> = {}, basic = false) {
    const { clock, hub, limiter, users } = this;
    const complain = (message: string, fields?: LogFields) => void this.complaints.push(`${message} ${JSON.stringify(fields ?? {})}`);
    this.server = new RtspServer({
      // The network goes on while this clock stands still: what is in the kernel's queue at a time says nothing.
      queues: Object.assign(new SendQueues({ clock: this.clock }), { covers: () => false }),
      bind: '127.0.0.1',
      port: 0,
      maxConnections: 200,
      maxSessions: 100,
      access: {
        users,
        authenticator: new HttpAuthenticator({ users, clock, realm: 'test' }),
        usernameTokens: { authenticate: () => ({ ok: false, reason: 'invalid' }) },
        limiter,
        known: new KnownAddresses(clock),
        basic,
      },
      hub,
      streams: streamsOf(() => this.encoder),
      recode: () => Promise.reject(new Error('there is no image library')),
      multicast: () => undefined,
      name: () => 'Test',
      hostname: 'test',
      clock,
      log: { ...silentLogger, warn: complain, error: complain },
      ...change,
    });
  }

  static async start(change: Partial<RtspServerOptions> = {}, basic = false): Promise<PlayedRtspServer> {
    const played = new PlayedRtspServer(change, basic);
    await played.server.start();
    return played;
  }

  async connect(options?: ClientOptions): Promise<RtspClient> {
    const client = await RtspClient.connect(this.server.port, options);
    this.clients.push(client);
    return client;
  }

  /** What comes over UDP to a new client that plays a stream. */
  async watchUdp(path: string): Promise<UdpReceiver> {
    const receiver = await (await this.connect()).playUdp(path);
    this.receivers.push(receiver);
    return receiver;
  }

  /** A new client that plays a stream in its connection. */
  async watchTcp(path: string): Promise<RtspClient> {
    const client = await this.connect();
    await client.playInterleaved(path);
    return client;
  }

  /** One picture from the camera, taken now. @param size bytes of its data */
  show(size = 500): Frame {
    const jpeg = jpegOf(size);
    const buffer = allocateBuffer(jpeg.length);
    jpeg.copy(buffer, HEADROOM);
    const frame = new Frame(
      { buffer, size: jpeg.length, width: 64, height: 48 },
      ++this.#sequence,
      this.clock.now(),
      this.clock.monotonic(),
    );
    this.hub.setStatus({ state: 'live', error: undefined, notices: [], source: undefined });
    this.hub.publish(frame);
    return frame;
  }

  /** Ends clients, receivers and server. */
  async stop(): Promise<void> {
    for (const receiver of this.receivers) receiver.close();
    for (const client of this.clients) client.vanish();
    await this.server.stop();
  }
}

/** Lets what has been sent on this machine arrive: some turns of the event loop. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}
