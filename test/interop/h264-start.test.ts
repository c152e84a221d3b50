import { rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { npmVersion, programVersion, reportClient } from '../support/clients.ts';
import { decode, withCredentials } from '../support/players.ts';
import { needsProgram, program } from '../support/programs.ts';
import { RtspClient } from '../support/rtsp-client.ts';
import { eventually, PASSWORD, Server } from '../support/server.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** A recorder that asks right after the start, as after a power failure, on a machine where ffmpeg takes 3 s longer. */

reportClient('npm onvif', () => npmVersion('onvif'));
reportClient('ffmpeg', () => programVersion('ffmpeg', '-version'));

interface Cam {
  readonly profiles: readonly { readonly $: { readonly token: string } }[];
  getStreamUri(options: object, callback: (error: Error | null, result: { uri: string }) => void): void;
}
const { Cam } = createRequire(import.meta.url)('onvif') as {
  Cam: new (options: object, callback: (this: Cam, error: Error | null) => void) => Cam;
};

/** Says in the log that the trial is over. */
const TRIED = /H\.264 by/;
let server: Server | undefined;
let dataDir: string;
let slow: string;
beforeEach(() => {
  dataDir = makeTempDir();
  slow = join(makeTempDir(), 'ffmpeg');
  writeFileSync(slow, `#!/bin/sh\nsleep 3\nexec '${program('ffmpeg')}' "$@"\n`, { mode: 0o755 });
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

const start = async (...args: string[]) => {
  const picture = ['--source', 'test', '--width', '320', '--height', '240'];
  server = await Server.start({ dataDir, args: ['--h264', 'on', '--h264-ffmpeg-path', slow, ...picture, ...args] });
  return server;
};
const stop = async () => {
  await server?.stop();
  server = undefined;
};

/** Connects as Scrypted and UniFi Protect do, within the 3 s that many a client waits for an answer. */
const connect = ({ port }: Server) =>
  new Promise<Cam>((resolve, reject) => {
    new Cam({ hostname: '127.0.0.1', port, username: 'admin', password: PASSWORD, timeout: 3000 }, function (error) {
      if (error) reject(error);
      else resolve(this);
    });
  });
const tokens = async (from: Server) => (await connect(from)).profiles.map(({ $ }) => $.token);
/** Asks for no profile in particular: it is the first. */
const uriOf = (cam: Cam) =>
  new Promise<string>((resolve, reject) => {
    cam.getStreamUri({ protocol: 'RTSP' }, (error, result) => (error ? reject(error) : resolve(result.uri)));
  });

async function describeH264({ rtspPort }: Server) {
  const client = await RtspClient.connect(rtspPort);
  const reply = await client.request('DESCRIBE', client.url('/h264'));
  client.vanish();
  return reply;
}

/** Finds the stream by ONVIF and plays it with ffmpeg. */
async function record(from: Server): Promise<void> {
  const uri = await uriOf(await connect(from));
  expect(uri).toBe(`rtsp://127.0.0.1:${from.rtspPort}/h264`);
  const { frames, stderr } = await decode(withCredentials(uri), 'tcp', 10);
  expect(stderr).toBe('');
  expect(frames).toHaveLength(10);
}

describe('npm onvif and ffmpeg, right after the start', () => {
  needsProgram(
    'ffmpeg',
    'get H.264 at the very first start, before anything is known',
    async () => {
      await record(await start());
    },
    60_000,
  );

  needsProgram(
    'ffmpeg',
    'get H.264 at each later start without waiting for the trial',
    async () => {
      await (await start()).output(TRIED);
      await stop();
      const later = await start();
      expect(await tokens(later)).toEqual(['h264', 'sub', 'mjpeg']);
      expect(later.stderr).not.toMatch(TRIED);
      await record(later);
    },
    60_000,
  );

  needsProgram(
    'ffmpeg',
    'are never told that there is no such stream while that is not known',
    async () => {
      const first = await start();
      const { status, headers } = await describeH264(first);
      expect([200, 503]).toContain(status);
      if (status === 503) expect(headers['retry-after']).toMatch(/^\d+$/);
      await first.output(TRIED);
      expect((await describeH264(first)).status).toBe(200);
    },
    60_000,
  );

  needsProgram(
    'ffmpeg',
    'are told that it is gone where it is: ffmpeg does not work any more',
    async () => {
      await (await start()).output(TRIED);
      await stop();
      // The same file as far as one can see: what it starts is gone, as libraries are after half an upgrade.
      const library = join(makeTempDir(), 'ffmpeg');
      writeFileSync(library, `#!/bin/sh\nexec '${program('ffmpeg')}' "$@"\n`, { mode: 0o755 });
      writeFileSync(slow, `#!/bin/sh\nsleep 3\nexec '${library}' "$@"\n`, { mode: 0o755 });
      await (await start()).output(TRIED);
      await stop();
      rmSync(library);
      const later = await start();
      expect(await tokens(later)).toEqual(['h264', 'sub', 'mjpeg']);
      await later.output(/There is no H\.264/);
      await eventually(async () => (await tokens(later)).join() === 'mjpeg', 'the profile is gone');
      expect((await describeH264(later)).status).toBe(404);
      await stop();
      // And this is remembered: not even at once.
      writeFileSync(library, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
      const last = await start();
      expect(await tokens(last)).toContain('mjpeg');
      await last.output(/There is no H\.264/);
      expect(await tokens(last)).toEqual(['mjpeg']);
    },
    90_000,
  );

  needsProgram(
    'ffmpeg',
    'are told that it is gone where ffmpeg was taken away',
    async () => {
      await (await start()).output(TRIED);
      await stop();
      rmSync(slow);
      const later = await start();
      await later.output(/There is no H\.264/);
      expect(await tokens(later)).toEqual(['mjpeg']);
      expect((await describeH264(later)).status).toBe(404);
    },
    60_000,
  );

  test('are told at once that there is none where the owner wants none, whatever is remembered', async () => {
    const off = await start('--h264', 'off');
    expect(await tokens(off)).toEqual(['mjpeg']);
    expect((await describeH264(off)).status).toBe(404);
  });
});
