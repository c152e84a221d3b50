import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { programVersion, reportClient } from '../support/clients.ts';
import { BARS, colourBars, grey, noise, PictureFolder, PLAIN } from '../support/pictures.ts';
import { decode, encodersOf, lastFrame, meansOf, Player, probe, rtspUrl, TRANSPORTS, tunnelUrl } from '../support/players.ts';
import { needsProgram } from '../support/programs.ts';
import { STANDIN, Stage } from '../support/rpicam/stage.ts';
import { eventually, Server } from '../support/server.ts';
import { Viewer } from '../support/viewer.ts';

/** The H.264 stream by RTSP, played by ffmpeg. */

reportClient('ffmpeg', () => programVersion('ffmpeg', '-version'));

async function startServer(...args: string[]): Promise<Server> {
  const server = await Server.start({ args: ['--h264', 'on', ...args] });
  await server.output(/H\.264 by/);
  return server;
}

const packetsOf = (lines: readonly string[]) =>
  lines.map((line) => {
    const [time, bytes, flags] = line.split(',');
    return { time: Number(time), bytes: Number(bytes), keyframe: flags!.startsWith('K') };
  });

/** The encoder that a server has started, once those of earlier viewers are gone. */
async function encoderOf(server: Server): Promise<number> {
  await eventually(() => encodersOf(server.pid).length === 1, 'one encoder');
  return encodersOf(server.pid)[0]!;
}

describe('the moving test pattern', () => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer('--source', 'test', '--width', '640', '--height', '480', '--fps', '20', '--h264-keyframe-interval', '60');
  });
  afterAll(() => server?.stop());

  for (const transport of TRANSPORTS) {
    needsProgram(
      'ffmpeg',
      `comes to ffmpeg over ${transport}: 100 frames without a complaint`,
      async () => {
        const url = transport === 'http' ? tunnelUrl(server, '/h264') : rtspUrl(server, '/h264');
        const decoded = await decode(url, transport, 100);
        expect(decoded.stderr).toBe('');
        expect(decoded.size).toBe('640x480');
        expect(decoded.frames).toHaveLength(100);
        expect(new Set(decoded.frames.map(({ md5 }) => md5)).size).toBeGreaterThan(90);
      },
      60_000,
    );
  }

  needsProgram('ffprobe', 'is what ffprobe says: codec, profile, size and colours', async () => {
    for (const transport of TRANSPORTS) {
      const entries = 'codec_name,profile,pix_fmt,width,height,avg_frame_rate,color_range,color_space,color_transfer,color_primaries';
      expect(await probe(rtspUrl(server, '/h264'), transport, entries)).toEqual({
        codec_name: 'h264',
        profile: 'Constrained Baseline',
        pix_fmt: 'yuv420p',
        width: 640,
        height: 480,
        avg_frame_rate: '20/1',
        color_range: 'tv',
        color_space: 'bt470bg',
        color_transfer: 'bt709',
        color_primaries: 'bt709',
      });
    }
  });

  needsProgram('ffmpeg', 'begins at once for a viewer who comes late, although key frames are rare', async () => {
    // An encoder that still works for the tests above may soon have made more pictures than are kept for late viewers.
    await eventually(() => encodersOf(server.pid).length === 0, 'no encoder', 20);
    const first = Player.packets(rtspUrl(server, '/h264'));
    try {
      await first.until((lines) => lines.length >= 40, '40 packets');
      const { frames, stderr } = await decode(rtspUrl(server, '/h264'), 'tcp', 20);
      expect(stderr).toBe('');
      expect(frames).toHaveLength(20);
      // He began with the group of pictures that the first one has had: no key frame was made for him.
      expect(packetsOf(first.lines).filter(({ keyframe }) => keyframe)).toHaveLength(1);
    } finally {
      await first.stop();
    }
  });

  for (const transport of TRANSPORTS) {
    needsProgram(
      'ffmpeg',
      `is small as /sub over ${transport}, at its own rate, without a complaint`,
      async () => {
        const url = transport === 'http' ? tunnelUrl(server, '/sub') : rtspUrl(server, '/sub');
        const decoded = await decode(url, transport, 40);
        expect(decoded.stderr).toBe('');
        expect(decoded.size).toBe('480x360');
        expect(decoded.frames).toHaveLength(40);
        expect(await probe(rtspUrl(server, '/sub'), transport, 'width,height,avg_frame_rate')).toEqual({
          width: 480,
          height: 360,
          avg_frame_rate: '10/1',
        });
      },
      60_000,
    );
  }

  needsProgram(
    'ffmpeg',
    'is not interrupted by who comes to /sub and goes',
    async () => {
      const large = Player.packets(rtspUrl(server, '/h264'));
      try {
        await large.until((lines) => lines.length >= 10, '10 packets');
        const encoder = await encoderOf(server);
        for (let count = 0; count < 3; count++) {
          const small = Player.packets(rtspUrl(server, '/sub'));
          await small.until((lines) => lines.length >= 10, '10 small packets');
          await small.stop();
        }
        expect(await encoderOf(server)).toBe(encoder);
        const packets = packetsOf(large.lines).filter(({ time }) => !Number.isNaN(time));
        // One key frame, which the encoder began with, and no gap.
        expect(packets.filter(({ keyframe }) => keyframe).length).toBeLessThanOrEqual(1);
        const gaps = packets.slice(1).map(({ time }, at) => time - packets[at]!.time);
        expect(Math.max(...gaps)).toBeLessThan(1);
      } finally {
        await large.stop();
      }
    },
    60_000,
  );

  needsProgram('ffmpeg', 'goes on within 5 s for its viewers when the encoder is killed', async () => {
    const viewer = Player.frames(rtspUrl(server, '/h264'));
    const frames = (lines: readonly string[]) => lines.filter((line) => line.startsWith('0,')).length;
    try {
      await viewer.until((lines) => frames(lines) >= 20, '20 frames', 20);
      const encoder = await encoderOf(server);
      process.kill(encoder, 'SIGKILL');
      await server.output(/H\.264 stalled[\s\S]*H\.264 live/, 5);
      const before = frames(viewer.lines);
      await viewer.until((lines) => frames(lines) >= before + 20, '20 frames of the next encoder', 5);
      expect(await encoderOf(server)).not.toBe(encoder);
    } finally {
      await viewer.stop();
    }
  });
});

describe('H.264 that the camera makes itself', () => {
  let stage: Stage;
  let server: Server;
  beforeAll(async () => {
    stage = new Stage({ libav: true });
    const camera = ['--source', 'rpicam', '--rpicam-path', STANDIN, '--encoding', 'h264', '--width', '640', '--height', '480'];
    server = await Server.start({ args: [...camera, '--h264', 'on'], env: stage.env });
  });
  afterAll(async () => {
    await server?.stop();
    stage.remove();
  });

  for (const transport of TRANSPORTS) {
    needsProgram(
      'ffmpeg',
      `comes to ffmpeg over ${transport}, beside MJPEG and snapshots: 30 frames without a complaint`,
      async () => {
        const viewer = new Viewer(server);
        await viewer.next(2);
        const decoded = await decode(transport === 'http' ? tunnelUrl(server, '/h264') : rtspUrl(server, '/h264'), transport, 30);
        expect(decoded.stderr).toBe('');
        expect(decoded.size).toBe('640x480');
        expect(decoded.frames).toHaveLength(30);
        expect((await server.fetch('/snapshot.jpg')).status).toBe(200);
        await viewer.next(2);
        await viewer.close();
        expect(stage.starts().filter(({ argv }) => argv.includes('--codec'))).toHaveLength(1);
      },
      60_000,
    );
  }

  needsProgram('ffmpeg', 'is small as /sub, without a complaint', async () => {
    expect(await decode(rtspUrl(server, '/sub'), 'tcp', 10)).toMatchObject({ stderr: '', size: '480x360' });
  });
});

describe('pictures that cost many bits', () => {
  const folder = new PictureFolder();
  const BITRATE = 1500;
  const INTERVAL = 1;
  const FPS = 15;
  let server: Server;
  beforeAll(async () => {
    folder.add(await Promise.all(Array.from({ length: 12 }, (_unused, seed) => noise(480, 360, seed).jpeg(PLAIN).toBuffer())));
    const settings = ['--h264-bitrate', String(BITRATE), '--h264-keyframe-interval', String(INTERVAL)];
    server = await startServer('--source', `images:${folder.dir}`, '--fps', String(FPS), ...settings);
  });
  afterAll(async () => {
    await server?.stop();
    folder.remove();
  });

  needsProgram('ffprobe', 'keep to the bit rate, and key frames to their interval', async () => {
    const viewer = Player.packets(rtspUrl(server, '/h264'));
    try {
      await viewer.until((lines) => lines.length > 10 * FPS, 'packets of 10 s');
      const packets = packetsOf(viewer.lines);
      // The encoder takes a few seconds to find the rate.
      const settled = packets.slice(5 * FPS);
      const seconds = settled.at(-1)!.time - settled[0]!.time;
      const rate = settled.slice(1).reduce((sum, { bytes }) => sum + bytes, 0) / seconds / 125;
      expect(rate).toBeGreaterThan(0.7 * BITRATE);
      expect(rate).toBeLessThan(1.3 * BITRATE);

      // The first has no time: ffmpeg gives none to the first packet of any H.264 stream by RTSP.
      const keyframes = [...packets.keys()].filter((at) => packets[at]!.keyframe && !Number.isNaN(packets[at]!.time));
      expect(keyframes.length).toBeGreaterThan(6);
      for (const [at, next] of keyframes.slice(1).entries()) {
        const last = packets[keyframes[at]!]!.time;
        // By the pictures that there are: one may come late on a busy machine, or be left out.
        expect(packets[next]!.time - last).toBeGreaterThan(INTERVAL - 1.5 / FPS);
        expect(packets[next - 1]!.time - last).toBeLessThan(INTERVAL);
      }
    } finally {
      await viewer.stop();
    }
  });
});

describe('a picture that stands still', () => {
  needsProgram('ffmpeg', 'looks like the JPEG, in its colours too', async () => {
    const [width, height] = [640, 480];
    const jpeg = await colourBars(width, height).jpeg(PLAIN).toBuffer();
    const folder = new PictureFolder().add([jpeg]);
    const server = await startServer('--source', `images:${folder.dir}`, '--fps', '20');
    try {
      const shown = await lastFrame(['-rtsp_transport', 'tcp', '-i', rtspUrl(server, '/h264')], 30);
      const wanted = await lastFrame(['-i', `${folder.dir}/p0.jpg`], 1);
      expect(shown).toHaveLength(wanted.length);
      expect(signalToNoise(shown, wanted)).toBeGreaterThan(30);
      for (const [bar, colour] of BARS.entries()) {
        const from = (bar * width) / BARS.length;
        // Away from the edges, where neighbours' colours mix.
        const mean = meanColour(shown, width, from + 16, from + width / BARS.length - 16);
        for (const [at, value] of colour.entries()) expect(Math.abs(mean[at]! - value)).toBeLessThan(5);
      }
    } finally {
      await server.stop();
      folder.remove();
    }
  });
});

describe('pictures that can be told apart', () => {
  needsProgram('ffmpeg', 'have the time at which each was captured', async () => {
    const FPS = 10;
    const COUNT = 40;
    // One level of grey each, four apart.
    const greys = await Promise.all(
      Array.from({ length: COUNT }, (_unused, at) =>
        grey(320, 240, 40 + 4 * at)
          .jpeg(PLAIN)
          .toBuffer(),
      ),
    );
    const folder = new PictureFolder().add(greys);
    const server = await startServer('--source', `images:${folder.dir}`, '--fps', String(FPS), '--h264-bitrate', '4000');
    try {
      const viewer = new Viewer(server);
      await viewer.next();
      const decoded = await meansOf(rtspUrl(server, '/h264'), COUNT - 10);
      await viewer.next(2);
      await viewer.close();
      const levelOf = new Map(greys.map((jpeg, at) => [jpeg.toString('base64'), at]));
      const captures = viewer.parts.map(({ jpeg, headers }) => ({
        level: levelOf.get(jpeg.toString('base64')),
        at: Number(headers['X-Timestamp']),
      }));
      // The first has no time of its own with ffmpeg.
      const shown = decoded.slice(1).map(({ time, mean }) => {
        // Full range becomes 16 to 235.
        const level = Math.round((((mean - 16) * 255) / 219 - 40) / 4);
        return { time, captured: captures.filter((each) => each.level === level).map(({ at }) => at) };
      });
      expect(shown.length).toBeGreaterThan(20);
      // The folder begins anew while they are decoded: whenever the first of them was captured, the others must fit it.
      const [first] = shown;
      const errors = first!.captured.map((start) =>
        Math.max(...shown.map(({ time, captured }) => Math.min(...captured.map((at) => Math.abs(time - first!.time - (at - start)))))),
      );
      expect(Math.min(...errors)).toBeLessThan(0.5 / FPS);
    } finally {
      await server.stop();
      folder.remove();
    }
  });
});

/** Peak signal-to-noise ratio, dB. */
function signalToNoise(one: Buffer, other: Buffer): number {
  let sum = 0;
  for (let at = 0; at < one.length; at++) sum += (one[at]! - other[at]!) ** 2;
  return 10 * Math.log10(255 ** 2 / (sum / one.length));
}

/** Mean red, green and blue of the columns from `from` to `to`. */
function meanColour(rgb: Buffer, width: number, from: number, to: number): number[] {
  const sums = [0, 0, 0];
  let pixels = 0;
  for (let row = 0; row < rgb.length; row += 3 * width) {
    for (let x = from; x < to; x++, pixels++) for (const channel of [0, 1, 2]) sums[channel] = sums[channel]! + rgb[row + 3 * x + channel]!;
  }
  return sums.map((sum) => sum / pixels);
}
