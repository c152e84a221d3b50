import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { OnvifEventClient } from '../../../src/cli/onvif-client.ts';

let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function ask(answer: RequestListener): Promise<unknown> {
  server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return new OnvifEventClient(url, undefined, AbortSignal.timeout(20_000)).events().next();
}

test('an answer without end is not kept', async () => {
  await expect(
    ask((_, res) => {
      const more = () => {
        while (!res.destroyed && res.write('x'.repeat(64 * 1024)));
      };
      res.on('drain', more);
      more();
    }),
  ).rejects.toMatchObject({ code: 'CAMERA_EVENTS', message: expect.stringContaining('the answer is too long') });
});

test('one that is no ONVIF is told by its status', async () => {
  await expect(ask((_, res) => res.writeHead(404).end('<html>nothing</html>'))).rejects.toMatchObject({
    code: 'CAMERA_EVENTS',
    message: expect.stringContaining('status 404'),
  });
});
