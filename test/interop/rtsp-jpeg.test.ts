import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import sharp, { type JpegOptions } from 'sharp';
import { programVersion, reportClient } from '../support/clients.ts';
import { PictureFolder, PLAIN, waves } from '../support/pictures.ts';
import { type Decoded, decode, lastFrame, md5Of, probe, rtspUrl, TRANSPORTS, tunnelUrl } from '../support/players.ts';
import { needsProgram } from '../support/programs.ts';
import { STANDIN, Stage } from '../support/rpicam/stage.ts';
import { Server } from '../support/server.ts';
import { type Part, Viewer } from '../support/viewer.ts';

/** The JPEG stream by RTSP, played by ffmpeg. */

reportClient('ffmpeg', () => programVersion('ffmpeg', '-version'));

const FPS = 20;
const TICKS_PER_SECOND = 90_000;

/** What a decoder made of the stream, beside what the web server sent at the same time. */
async function compared(server: Server, play: () => Promise<Decoded>): Promise<{ decoded: Decoded; parts: Part[]; md5s: string[] }> {
  const viewer = new Viewer(server);
  await viewer.next();
  const decoded = await play();
  // The last picture may be on its way still.
  await viewer.next(2);
  await viewer.close();
  const { parts } = viewer;
  return { decoded, parts, md5s: await md5Of(parts.map(({ jpeg }) => jpeg)) };
}

/** Where the one list is found in the other, one after the other. */
const positionIn = (whole: readonly string[], part: readonly string[]): number =>
  whole.findIndex((_each, from) => part.every((each, at) => whole[from + at] === each));

describe('pictures made for it', () => {
  const folder = new PictureFolder();
  let server: Server;
  beforeAll(async () => {
    // So many that none comes twice while a test looks at 100.
    const count = 160;
    folder.add(await Promise.all(Array.from({ length: count }, (_unused, seed) => waves(320, 240, seed).jpeg(PLAIN).toBuffer())));
    server = await Server.start({ args: ['--source', `images:${folder.dir}`, '--fps', String(FPS)] });
  });
  afterAll(async () => {
    await server.stop();
    folder.remove();
  });

  for (const transport of TRANSPORTS) {
    needsProgram(
      'ffmpeg',
      `come to ffmpeg over ${transport} pixel by pixel as they are, 100 in a row, at their times`,
      async () => {
        const url = transport === 'http' ? tunnelUrl(server, '/stream.mjpg') : rtspUrl(server, '/mjpeg');
        const { decoded, parts, md5s } = await compared(server, () => decode(url, transport, 100));
        expect(decoded.stderr).toBe('');
        expect(decoded.frames).toHaveLength(100);
        expect(new Set(decoded.frames.map(({ md5 }) => md5)).size).toBe(100);
        const first = positionIn(
          md5s,
          decoded.frames.map(({ md5 }) => md5),
        );
        expect(first).toBeGreaterThanOrEqual(0);

        const captured = (at: number) => Number(parts[first + at]!.headers['X-Timestamp']);
        const differences = decoded.frames.map(({ pts }, at) =>
          Math.abs((pts - decoded.frames[0]!.pts) / TICKS_PER_SECOND - (captured(at) - captured(0))),
        );
        // Both come from the capture time of the same picture: far less than a frame.
        expect(Math.max(...differences)).toBeLessThan(0.1 / FPS);
      },
      60_000,
    );
  }

  needsProgram('ffmpeg', 'come through the tunnel on the port of RTSP too', async () => {
    const { stderr, frames } = await decode(rtspUrl(server, '/mjpeg'), 'http', 20);
    expect(stderr).toBe('');
    expect(frames).toHaveLength(20);
  });

  needsProgram('ffprobe', 'are what ffprobe says: codec, profile and size', async () => {
    for (const transport of TRANSPORTS) {
      const found = await probe(rtspUrl(server, '/mjpeg'), transport, 'codec_name,profile,pix_fmt,width,height,color_range,color_space');
      expect(found).toEqual({
        codec_name: 'mjpeg',
        profile: 'Baseline',
        pix_fmt: 'yuvj420p',
        width: 320,
        height: 240,
        color_range: 'pc',
        color_space: 'bt470bg',
      });
    }
  });
});

describe("the Pi camera's pictures", () => {
  needsProgram('ffmpeg', 'come to ffmpeg pixel by pixel as they are', async () => {
    const stage = new Stage();
    const server = await Server.start({
      args: ['--source', 'rpicam', '--rpicam-path', STANDIN, '--width', '640', '--height', '480', '--fps', String(FPS)],
      env: stage.env,
    });
    try {
      const { decoded, md5s } = await compared(server, () => decode(rtspUrl(server, '/mjpeg'), 'udp', 50));
      expect(decoded.stderr).toBe('');
      expect(new Set(decoded.frames.map(({ md5 }) => md5)).size).toBeGreaterThan(10);
      expect(
        positionIn(
          md5s,
          decoded.frames.map(({ md5 }) => md5),
        ),
      ).toBeGreaterThanOrEqual(0);
    } finally {
      await server.stop();
      stage.remove();
    }
  });
});

describe('pictures that RTP cannot carry', () => {
  for (const [title, change, [width, height], size] of [
    ['4:4:4', { chromaSubsampling: '4:4:4' }, [640, 360], '640x360'],
    ['progressive', { progressive: true }, [640, 360], '640x360'],
    ['Huffman tables of their own', { optimiseCoding: true }, [640, 360], '640x360'],
    ['642x362', {}, [642, 362], '640x360'],
    ['4000x3000', {}, [4000, 3000], '2040x1528'],
  ] as const satisfies readonly (readonly [string, JpegOptions, readonly [number, number], string])[]) {
    needsProgram('ffmpeg', `are encoded anew and play: ${title}`, async () => {
      const scene = await waves(640, 360, 1).png().toBuffer();
      const picture = await sharp(scene)
        .resize(width, height, { fit: 'fill' })
        .jpeg({ ...PLAIN, ...change })
        .toBuffer();
      const folder = new PictureFolder().add([picture]);
      const server = await Server.start({ args: ['--source', `images:${folder.dir}`, '--fps', '10'] });
      try {
        const url = rtspUrl(server, '/mjpeg');
        const decoded = await decode(url, 'tcp', 5);
        // Its decoder misses the end of some pictures from the same library in files as well, and shows all of them.
        expect(decoded.stderr.replace(/^\[mjpeg @ \w+\] EOI missing, emulating\n/gm, '')).toBe('');
        expect(decoded.frames).toHaveLength(5);
        expect(decoded.size).toBe(size);

        const [columns, rows] = size.split('x').map(Number) as [number, number];
        const shown = await lastFrame(['-rtsp_transport', 'tcp', '-i', url], 1);
        const wanted = await sharp(scene).resize(columns, rows, { fit: 'fill' }).raw().toBuffer();
        expect(shown).toHaveLength(wanted.length);
        expect(meanDifference(shown, wanted)).toBeLessThan(4);
      } finally {
        await server.stop();
        folder.remove();
      }
    });
  }
});

function meanDifference(one: Buffer, other: Buffer): number {
  let sum = 0;
  for (let at = 0; at < one.length; at++) sum += Math.abs(one[at]! - other[at]!);
  return sum / one.length;
}
