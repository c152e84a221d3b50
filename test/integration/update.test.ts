import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { inOwnNetwork } from '../support/network/own-network.ts';
import { basic, Server } from '../support/server.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** The state of the version before: what was really written by it, after a recorder had added a user and a profile and changed the ports. */

const STATE = readFileSync(join(import.meta.dirname, '../fixtures/state/0.1.0.json'), 'utf8');

inOwnNetwork(import.meta.filename, [], () => {
  let server: Server;

  beforeAll(() => {
    execFileSync('ip', ['link', 'set', 'lo', 'up']);
  });
  afterEach(async () => {
    await server.stop();
  });

  async function startFrom(state: object): Promise<string> {
    const dataDir = join(makeTempDir(), 'data');
    mkdirSync(dataDir, { mode: 0o700 });
    writeFileSync(join(dataDir, 'state.json'), JSON.stringify(state), { mode: 0o600 });
    server = await Server.start({ command: ['--source', 'test', '--h264', 'off', '--bind', '127.0.0.1'], password: null, dataDir });
    return dataDir;
  }

  async function expectEverything(): Promise<void> {
    const kept = JSON.parse(STATE) as { users: { name: string; password: string }[]; device: { httpPort: number; rtspPort: number } };
    expect([server.port, server.rtspPort]).toEqual([kept.device.httpPort, kept.device.rtspPort]);
    for (const { name, password } of kept.users) {
      const answer = await fetch(`${server.url}/snapshot.jpg`, { headers: { Authorization: basic(name, password) } });
      expect([name, answer.status]).toEqual([name, 200]);
    }
    const profiles = await fetch(`${server.url}/onvif/media_service`, {
      method: 'POST',
      headers: { Authorization: basic('nvr', 'recorder-1'), 'Content-Type': 'application/soap+xml' },
      body: '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><GetProfiles xmlns="http://www.onvif.org/ver10/media/wsdl"/></s:Body></s:Envelope>',
    });
    expect(await profiles.text()).toMatch(/token="rec"[^>]*>\s*<tt:Name>Recorder</);
  }

  test('an update keeps users, profiles, name and ports', async () => {
    await startFrom(JSON.parse(STATE));
    await expectEverything();
    // Its title is the camera's name.
    expect(await (await fetch(`${server.url}/login`)).text()).toContain('Garage');
  });

  test('so does going back from a newer version, and what only that knows stays in the file', async () => {
    const dataDir = await startFrom({ ...JSON.parse(STATE), version: 2, streams: { sub: { width: 640 } } });
    await expectEverything();
    expect(server.stderr).toContain('was written by a newer onvif-camera. What this one does not know stays in it.');
    await server.stop();
    expect(JSON.parse(readFileSync(join(dataDir, 'state.json'), 'utf8'))).toMatchObject({ version: 2, streams: { sub: { width: 640 } } });
  });
});
