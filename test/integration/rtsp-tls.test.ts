import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { TunnelHandler } from '../../src/servers/tunnel-handler.ts';
import { RtspClient, type TunnelClient } from '../support/rtsp-client.ts';
import { PlayedRtspServer } from '../support/rtsp-server.ts';
import { TLS_SERVER } from '../support/tls.ts';

/** A tunnel through a web server that speaks TLS. */

let played: PlayedRtspServer;
let web: Server;
let handler: TunnelHandler;
let client: TunnelClient;

beforeEach(async () => {
  played = await PlayedRtspServer.start();
  web = createServer(TLS_SERVER, (_req, res) => res.end('page'));
  handler = new TunnelHandler(web, {
    event: 'secureConnection',
    take: (request, socket, rest) => played.server.acceptTunnel(request, socket, rest),
    timeoutMs: 10_000,
    clock: played.clock,
  });
  web.listen(0, '127.0.0.1');
  await once(web, 'listening');
  client = await RtspClient.tunnel((web.address() as AddressInfo).port, { tls: true });
  client.sendPost();
});
afterEach(async () => {
  client.vanish();
  await played.stop();
  handler.close();
  web.closeAllConnections();
  web.close();
});

test('pictures come whole and encrypted, large ones and small ones, with answers between them', async () => {
  await client.playInterleaved('/mjpeg');
  for (const [at, size] of [500, 200_000, 500, 60_000].entries()) {
    played.clock.advance(100);
    played.show(size);
    await client.until(() => client.stream().count === at + 1, `picture ${at + 1}`);
    expect((await client.request('GET_PARAMETER', client.url('/mjpeg'))).status).toBe(200);
  }
  expect(client.stream()).toMatchObject({ missed: 0, torn: 0, strange: 0 });
  played.clock.advance(5000);
  await client.until(() => client.stream().senderReports.length === 2, 'a report');
});

test('addresses that we give begin with rtsps', async () => {
  const named = await client.request('DESCRIBE', client.url('/mjpeg'));
  expect(named.headers['content-base']).toBe(`${client.base}/mjpeg/`);
  const unnamed = await client.request('DESCRIBE', '/mjpeg');
  expect(unnamed.headers['content-base']).toMatch(/^rtsps:\/\/127\.0\.0\.1:\d+\/mjpeg\/$/);
  expect(client.base).toMatch(/^rtsps:/);
});
