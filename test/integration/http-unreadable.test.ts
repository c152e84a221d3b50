import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from '@jest/globals';
import { Server } from '../support/server.ts';

/** Strangers must not be able to fill the log: what they send wrong is no fault of the program. */
test('what cannot be read, while an answer is on its way, is no error in the log', async () => {
  const server = await Server.start({ args: ['--source', 'test', '--log-level', 'error'] });
  for (let k = 0; k < 10; k++) {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {}).resume();
    socket.write('GET /favicon.ico HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n');
    await once(socket, 'close');
  }
  // A whole answer of a later request: those before have been dealt with.
  expect((await fetch(`${server.url}/favicon.ico`)).status).toBe(200);
  await server.stop();
  expect(server.stderr).toBe('');
});
