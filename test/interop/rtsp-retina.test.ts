import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { reportClient } from '../support/clients.ts';
import { Player, rtspUrl } from '../support/players.ts';
import { needsProgram } from '../support/programs.ts';
import { BUILD_TIMEOUT_MS, buildRetinaClient, playStrictly, retinaVersion } from '../support/retina.ts';
import { Server } from '../support/server.ts';

/** The Rust library retina (Moonfire NVR), with all time stamps enforced. */

reportClient('retina', retinaVersion);

let server: Server;
beforeAll(async () => {
  const picture = ['--source', 'test', '--width', '640', '--height', '480', '--fps', '20'];
  server = await Server.start({ args: ['--h264', 'on', ...picture] });
  await server.output(/H\.264 by/);
});
afterAll(() => server?.stop());

describe('retina', () => {
  needsProgram('cargo', 'is built', async () => void (await buildRetinaClient()), BUILD_TIMEOUT_MS);

  for (const path of ['/h264', '/mjpeg']) {
    for (const transport of ['tcp', 'udp'] as const) {
      needsProgram(
        'cargo',
        `plays ${path} over ${transport} although it comes late, and finds all times in order`,
        async () => {
          const client = await buildRetinaClient();
          // Has had pictures for a while: who comes late begins in the past.
          const other = Player.packets(rtspUrl(server, path));
          try {
            await other.until((lines) => lines.length >= 30, '30 packets');
            const url = `rtsp://127.0.0.1:${server.rtspPort}${path}`;
            const begins = [0, 1, 2, 3, 4].map(() => playStrictly(client, url, transport, 'ignore', 5));
            for (const { frames } of await Promise.all(begins)) expect(frames[0]).toMatchObject({ ticks: 0, keyframe: true });
            const { frames, reports } = await playStrictly(client, url, transport, 'require', 170);
            expect(frames[0]).toEqual({ ticks: 0, loss: 0, keyframe: true });
            expect(frames.filter(({ loss }) => loss > 0)).toEqual([]);
            expect(reports[0]!.ticks).toBe(0);
            expect(reports.length).toBeGreaterThan(1);
            const offsets = reports.map(({ ticks, wall }) => wall - ticks / 90_000);
            for (const offset of offsets) expect(Math.abs(offset - offsets[0]!)).toBeLessThan(20e-6);
          } finally {
            await other.stop();
          }
        },
        60_000,
      );
    }
  }
});
