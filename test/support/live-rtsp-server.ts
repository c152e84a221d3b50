import { DEFAULT_CAMERA_SETTINGS } from '../../src/camera/defaults.ts';
import type { Capture } from '../../src/camera/source.ts';
import { TestPatternSource } from '../../src/camera/test-pattern/source.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLogger } from '../../src/core/log.ts';
import { FfmpegEncoders, fromFrames } from '../../src/encode/ffmpeg/factory.ts';
import { H264Stream } from '../../src/encode/h264-stream.ts';
import { Frame, type Picture } from '../../src/frames/frame.ts';
import { RtspServer, type RtspServerOptions } from '../../src/servers/rtsp/server.ts';
import { Hub } from '../../src/streams/hub.ts';
import { program } from './programs.ts';
import { UNHEARD } from './recorder.ts';
import { streamsOf } from './rtsp-server.ts';

/** Pictures per second of {@link LiveRtspServer}. */
export const LIVE_FPS = 20;

/** The RTSP server in this process, open to everybody, with the moving test pattern (640x480), as JPEG and as H.264. */
export class LiveRtspServer {
  readonly server: RtspServer;
  readonly #hub: Hub;
  readonly #h264: H264Stream;
  #capture: Capture | undefined;
  #sequence = 0;

  constructor(change: Partial<RtspServerOptions> = {}) {
    const common = { clock: systemClock, log: silentLogger };
    const source = new TestPatternSource({ ...DEFAULT_CAMERA_SETTINGS, width: 640, height: 480, fps: LIVE_FPS }, systemClock);
    const picture = (made: Picture) => this.#hub.publish(new Frame(made, ++this.#sequence, systemClock.now(), systemClock.monotonic()));
    this.#hub = new Hub({
      demand: {
        start: () => {
          this.#capture ??= source.start({ ...UNHEARD, picture });
          this.#hub.setStatus({ state: 'live', error: undefined, notices: [], source: undefined });
        },
        stop() {},
        retry() {},
      },
      idleTimeout: 'always',
      clock: systemClock,
    });
    this.#h264 = new H264Stream({
      name: 'H.264',
      feed: this.#hub,
      settings: () => ({ width: 0, height: 0, fps: LIVE_FPS, asCaptured: true, bitrate: 2000, keyframeInterval: 2, profile: 'baseline' }),
      encoders: new FfmpegEncoders({
        begin: fromFrames,
        choice: () => ({ ffmpeg: program('ffmpeg')!, hardware: false, software: true }),
        searchPath: process.env.PATH ?? '',
        ...common,
      }),
      ...common,
    });
    this.server = new RtspServer({
      ...{ bind: '127.0.0.1', port: 0, maxConnections: 50, maxSessions: 20, access: undefined },
      hub: this.#hub,
      streams: streamsOf(() => this.#h264, LIVE_FPS),
      recode: () => Promise.reject(new Error('the pictures are as RTP wants them')),
      multicast: () => undefined,
      ...{ name: () => 'Test', hostname: 'test' },
      ...common,
      ...change,
    });
  }

  url(path: string): string {
    return `rtsp://127.0.0.1:${this.server.port}${path}`;
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await this.#h264.stop();
    await this.#capture?.stop();
  }
}
