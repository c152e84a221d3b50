import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server as TcpServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { inOwnNetwork } from '../support/network/own-network.ts';
import { PASSWORD, Server } from '../support/server.ts';
import { askDevice } from '../support/soap.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** A restart that a client asked for and that fails: nobody sits there to start the program again. */

// In there nobody takes a port between its choice and its use.
inOwnNetwork(import.meta.filename, [], () => {
  let server: Server;
  let other: TcpServer;
  let dataDir: string;

  const listen = async () => {
    const listening = createServer().listen(0, '127.0.0.1');
    await once(listening, 'listening');
    return listening;
  };
  const portOf = (listening: TcpServer) => (listening.address() as AddressInfo).port;

  beforeAll(() => {
    execFileSync('ip', ['link', 'set', 'lo', 'up']);
  });
  /** Runs on ports that clients may change: they are kept, not set. */
  beforeEach(async () => {
    dataDir = join(makeTempDir(), 'data');
    mkdirSync(dataDir, { mode: 0o700 });
    const [http, rtsp] = [await listen(), await listen()];
    const device = { httpPort: portOf(http), rtspPort: portOf(rtsp) };
    http.close();
    rtsp.close();
    const users = [{ name: 'admin', password: PASSWORD, level: 'Administrator' }];
    writeFileSync(join(dataDir, 'state.json'), JSON.stringify({ version: 1, uuid: '7b0f1f8c-9f0a-4d0e-8d5c-0a1b2c3d4e5f', users, device }));
    server = Server.spawn({ command: ['--source', 'test', '--h264', 'off', '--bind', '127.0.0.1'], dataDir, password: null });
    await server.output(/is ready/);
    other = await listen();
    const port = portOf(other);
    const fields = `<NetworkProtocols><t:Name>HTTP</t:Name><t:Enabled>true</t:Enabled><t:Port>${port}</t:Port></NetworkProtocols>`;
    expect((await askDevice(server, 'SetNetworkProtocols', fields)).status).toBe(200);
    await server.output(/the restart failed: Port \d+ .* is taken by .*\. Stop it, or choose another port/);
  });
  afterEach(async () => {
    other.close();
    await server.stop('SIGKILL');
  });

  test('is tried again until it works', async () => {
    other.close();
    await server.output(/is ready[\s\S]*is ready[\s\S]*\n\n/);
    expect((await server.fetch('/api/status')).status).toBe(200);
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });

  test('does not keep the one waiting who wants to stop it', async () => {
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });
});
