import { afterEach, expect, test } from '@jest/globals';
import { linkEncoder } from '../support/encoder.ts';
import { Server } from '../support/server.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** What a start shows of what can be watched by RTSP. */

let server: Server | undefined;
afterEach(async () => {
  await server?.stop('SIGKILL');
  server = undefined;
});

const start = async (...args: string[]) => {
  server = await Server.start({ args: ['--source', 'test', ...args] });
  return /^ {2}RTSP {8}(.*)$/m.exec(server.stdout)?.[1]?.replace(/:\d+\//, ':PORT/');
};

test('is every stream that there is, or nearly always turns out to be, and no other', async () => {
  expect(await start()).toBe('rtsp://127.0.0.1:PORT/mjpeg');
  await server?.stop('SIGKILL');
  const known = await start('--h264', 'on', '--sub', 'off', '--h264-ffmpeg-path', linkEncoder(makeTempDir()));
  // The encoder is tried meanwhile.
  expect(['rtsp://127.0.0.1:PORT/h264, /mjpeg', 'rtsp://127.0.0.1:PORT/mjpeg, and /h264 if ffmpeg can encode here']).toContain(known);
});

test('is nothing where there is no RTSP', async () => {
  expect(await start('--rtsp', 'off')).toBeUndefined();
});
