import { execFileSync, spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { V8_SETTINGS } from '../../src/platform/memory.ts';
import { basic, MAIN, PASSWORD, Server } from '../support/server.ts';

const withPlain = (value: string) => ({ ...process.env, ONVIF_CAMERA_PLAIN_V8: value });

test.each(['1', ...V8_SETTINGS])('with ONVIF_CAMERA_PLAIN_V8=%s the camera works, and warns of nothing', async (value) => {
  const server = await Server.start({ args: ['--source', 'test'], env: withPlain(value) });
  try {
    const answer = await fetch(`${server.url}/snapshot.jpg`, { headers: { authorization: basic('admin', PASSWORD) } });
    expect(answer.status).toBe(200);
    expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(1000);
    expect(server.stderr).not.toMatch(/PLAIN_V8|"warn"|"error"/);
  } finally {
    await server.stop();
  }
});

test('a value that names no setting ends the program at once, and says which there are', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, '--version'], { env: withPlain('turbo'), encoding: 'utf8' });
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain('ONVIF_CAMERA_PLAIN_V8 is "turbo"');
  for (const name of V8_SETTINGS) expect(stderr).toContain(name);
});

test('commands take it as well', () => {
  expect(execFileSync(process.execPath, [MAIN, '--version'], { env: withPlain('1'), encoding: 'utf8' })).toMatch(/^\d+\.\d+\.\d+\n$/);
});
