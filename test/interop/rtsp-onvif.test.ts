import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { npmVersion, programVersion, reportClient } from '../support/clients.ts';
import { Player, probe, rtspUrl, withCredentials } from '../support/players.ts';
import { needsProgram } from '../support/programs.ts';
import { PASSWORD, Server } from '../support/server.ts';

/** From an ONVIF client's questions to pictures in a player: exactly the address that the client was given is played. */

reportClient('npm onvif', () => npmVersion('onvif'));
reportClient('ffmpeg', () => programVersion('ffmpeg', '-version'));

type Callback = (error: Error | null, result: unknown) => void;
interface EncoderConfiguration {
  readonly $: { readonly token: string };
  readonly name: string;
  readonly encoding: string;
  readonly resolution: { readonly width: number; readonly height: number };
  readonly rateControl: { readonly frameRateLimit: number; readonly bitrateLimit: number; readonly encodingInterval: number };
  readonly H264: { readonly govLength: number; readonly H264Profile: string };
}
/** The part of npm's onvif that is used here; it has callbacks and no types. */
interface Cam {
  readonly profiles: readonly { readonly $: { readonly token: string } }[];
  getStreamUri(options: object, callback: Callback): void;
  getSnapshotUri(options: object, callback: Callback): void;
  getVideoEncoderConfiguration(token: string, callback: Callback): void;
  setVideoEncoderConfiguration(options: object, callback: Callback): void;
  setSynchronizationPoint(options: object, callback: Callback): void;
}
const { Cam } = createRequire(import.meta.url)('onvif') as {
  Cam: new (options: object, callback: (this: Cam, error: Error | null) => void) => Cam;
};

const CODECS = { h264: ['h264', 640, 480], sub: ['h264', 320, 240], mjpeg: ['mjpeg', 640, 480] } as const;
const TOKENS = Object.keys(CODECS) as (keyof typeof CODECS)[];
let server: Server;
beforeAll(async () => {
  const picture = ['--source', 'test', '--width', '640', '--height', '480', '--fps', '20'];
  server = await Server.start({ args: ['--h264', 'on', '--h264-keyframe-interval', '60', '--sub-height', '240', ...picture] });
  await server.output(/H\.264 by/);
});
afterAll(() => server?.stop());

const connect = () =>
  new Promise<Cam>((resolve, reject) => {
    new Cam({ hostname: '127.0.0.1', port: server.port, username: 'admin', password: PASSWORD, timeout: 10_000 }, function (error) {
      if (error) reject(error);
      else resolve(this);
    });
  });
const call = <T>(cam: Cam, method: Exclude<keyof Cam, 'profiles'>, options: unknown): Promise<T> =>
  new Promise((resolve, reject) => {
    const done: Callback = (error, result) => (error ? reject(error) : resolve(result as T));
    (cam[method] as (options: unknown, callback: Callback) => void).call(cam, options, done);
  });

const keyframes = (lines: readonly string[]) => lines.filter((line) => line.split(',')[2]!.startsWith('K')).length;
/** Packets per second of the last `count`. */
const rateOf = (lines: readonly string[], count: number) => {
  const times = lines.slice(-count - 1).map((line) => Number(line.split(',')[0]));
  return count / (times.at(-1)! - times[0]!);
};

describe('npm onvif', () => {
  for (const token of TOKENS) {
    for (const [protocol, transport] of [
      ['UDP', 'udp'],
      ['RTSP', 'tcp'],
      ['HTTP', 'http'],
    ] as const) {
      needsProgram('ffprobe', `is told where ${token} is by ${protocol}, and ffprobe plays it there`, async () => {
        const cam = await connect();
        expect(cam.profiles.map(({ $ }) => $.token)).toEqual(TOKENS);
        const { uri } = await call<{ uri: string }>(cam, 'getStreamUri', { protocol, profileToken: token });
        // Tunnelled RTSP is addressed as HTTP in ONVIF and as RTSP in ffmpeg; host, port and path are the same.
        const url = withCredentials(protocol === 'HTTP' ? uri.replace('http:', 'rtsp:') : uri);
        const [codec_name, width, height] = CODECS[token];
        expect(await probe(url, transport, 'codec_name,width,height')).toEqual({ codec_name, width, height });
      });
    }
  }

  needsProgram('ffprobe', 'that asks for no profile in particular is given H.264', async () => {
    const { uri } = await call<{ uri: string }>(await connect(), 'getStreamUri', { protocol: 'RTSP' });
    expect(await probe(withCredentials(uri), 'tcp', 'codec_name')).toEqual({ codec_name: 'h264' });
  });

  needsProgram('ffprobe', 'changes size, rate, bit rate and profile of the running stream', async () => {
    const cam = await connect();
    const viewer = Player.packets(rtspUrl(server, '/h264'));
    try {
      await viewer.until((lines) => lines.length >= 20, '20 packets');
      const before = await call<EncoderConfiguration>(cam, 'getVideoEncoderConfiguration', 'h264_encoder');
      expect(before.H264.H264Profile).toBe('Baseline');
      await call(cam, 'setVideoEncoderConfiguration', {
        ...before,
        resolution: { width: 320, height: 240 },
        rateControl: { ...before.rateControl, frameRateLimit: 5, bitrateLimit: 300 },
        H264: { govLength: before.H264.govLength, profile: 'High' },
      });
      const after = await call<EncoderConfiguration>(cam, 'getVideoEncoderConfiguration', 'h264_encoder');
      expect(after).toMatchObject({
        ...{ resolution: { width: 320, height: 240 }, rateControl: { frameRateLimit: 5, bitrateLimit: 300 } },
        H264: { H264Profile: 'High' },
      });

      const had = viewer.lines.length;
      await viewer.until((lines) => lines.length >= had + 30 && Math.abs(rateOf(lines, 15) - 5) < 1, 'five pictures a second', 20);
      expect(keyframes(viewer.lines)).toBe(2);
      // 320x240 at 5 a second with 300 kbit/s is level 1.2.
      expect(await probe(rtspUrl(server, '/h264'), 'tcp', 'width,height,profile,level')).toEqual({
        ...{ width: 320, height: 240 },
        ...{ profile: 'High', level: 12 },
      });
    } finally {
      await viewer.stop();
    }
  });

  needsProgram('ffprobe', 'gets a key frame for SetSynchronizationPoint', async () => {
    const cam = await connect();
    const viewer = Player.packets(rtspUrl(server, '/h264'));
    try {
      await viewer.until((lines) => lines.length >= 10, '10 packets');
      const had = keyframes(viewer.lines);
      await call(cam, 'setSynchronizationPoint', { profileToken: 'h264' });
      await viewer.until((lines) => keyframes(lines) === had + 1, 'a key frame', 10);
    } finally {
      await viewer.stop();
    }
  });
});

describe('node-onvif-ts', () => {
  needsProgram('ffprobe', 'lists addresses of both profiles that ffprobe plays', async () => {
    const { OnvifDevice } = (await import('node-onvif-ts')) as unknown as {
      OnvifDevice: new (
        options: object,
      ) => {
        init(): Promise<unknown>;
        getProfileList(): { readonly token: string; readonly stream: Readonly<Record<string, string>> }[];
      };
    };
    const device = new OnvifDevice({ xaddr: `${server.url}/onvif/device_service`, user: 'admin', pass: PASSWORD });
    await device.init();
    const profiles = device.getProfileList();
    expect(profiles.map(({ token }) => token)).toEqual(TOKENS);
    for (const { token, stream } of profiles) {
      const codec = { codec_name: CODECS[token as keyof typeof CODECS][0] };
      expect(await probe(withCredentials(stream.udp!), 'udp', 'codec_name')).toEqual(codec);
      expect(await probe(withCredentials(stream.rtsp!), 'tcp', 'codec_name')).toEqual(codec);
      expect(await probe(withCredentials(stream.http!).replace('http:', 'rtsp:'), 'http', 'codec_name')).toEqual(codec);
    }
  });
});
