import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { DirectWriter } from '../../../src/platform/direct-writer.ts';
import { connectTls, TLS_SERVER } from '../../support/tls.ts';

let server: Server;
const sockets: Socket[] = [];

beforeEach(async () => {
  server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
  await once(server, 'close');
});

/** Our end of a new connection, and the client's, which reads only when it is told to. */
async function connection(): Promise<{ readonly ours: Socket; readonly client: Socket }> {
  const { port } = server.address() as { port: number };
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const client = connect({ port, host: '127.0.0.1' });
  client.pause();
  const [ours] = await accepted;
  for (const socket of [ours, client]) socket.on('error', () => {});
  sockets.push(ours, client);
  return { ours, client };
}

async function read(client: Socket, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let got = 0;
  client.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    got += chunk.length;
    if (got >= length) client.emit('enough');
  });
  client.resume();
  await once(client, 'enough');
  return Buffer.concat(chunks);
}

const numbered = (length: number, seed: number) => Buffer.from(Uint32Array.from({ length: length / 4 }, (_, at) => at * 31 + seed).buffer);

test('what the kernel takes at once does not wait', async () => {
  const { ours, client } = await connection();
  const writer = new DirectWriter(ours);
  expect(writer.write(Buffer.from('one '))).toBe(true);
  expect(writer.write(Buffer.from('two'))).toBe(true);
  expect(ours.bytesWritten).toBe(0);
  expect((await read(client, 7)).toString()).toBe('one two');
});

test('what the kernel does not take waits, and everything comes in order', async () => {
  const { ours, client } = await connection();
  const writer = new DirectWriter(ours);
  const pieces: Buffer[] = [];
  // More than any queue holds, then some more behind what waits already.
  for (let at = 0; at < 12; at++) {
    pieces.push(numbered(1024 * 1024, at));
    const done = writer.write(pieces[at]!);
    expect(done).toBe(ours.writableLength === 0);
  }
  expect(ours.writableLength).toBeGreaterThan(0);
  const sent = Buffer.concat(pieces);
  const got = await read(client, sent.length);
  expect(got.equals(sent)).toBe(true);
  // The client has read everything: the next one goes straight again.
  if (ours.writableLength > 0) await once(ours, 'drain');
  expect(writer.write(Buffer.from('on'))).toBe(true);
});

test('bytes that the stream was given before go first', async () => {
  const { ours, client } = await connection();
  const writer = new DirectWriter(ours);
  ours.cork();
  ours.write('head ');
  writer.write(Buffer.from('picture'));
  ours.uncork();
  expect((await read(client, 12)).toString()).toBe('head picture');
});

test('a destroyed socket writes nothing, least of all to the connection that has its descriptor now', async () => {
  const { ours } = await connection();
  const { _handle: handle } = ours as unknown as { readonly _handle: { readonly fd: number } };
  const { fd } = handle;
  const writer = new DirectWriter(ours);
  const closed = once(ours, 'close');
  ours.destroy();
  writer.write(Buffer.from('secret'));
  await closed;
  const next: { readonly ours: Socket; readonly client: Socket }[] = [];
  const fdOf = (socket: Socket) => (socket as unknown as { readonly _handle: { readonly fd: number } })._handle.fd;
  for (let tries = 0; tries < 10 && !next.some((one) => fdOf(one.ours) === fd || fdOf(one.client) === fd); tries++) {
    next.push(await connection());
  }
  const heir = next.find((one) => fdOf(one.ours) === fd || fdOf(one.client) === fd)!;
  expect(heir).toBeDefined();
  writer.write(Buffer.from('secret'));
  const [here, there] = fdOf(heir.ours) === fd ? [heir.ours, heir.client] : [heir.client, heir.ours];
  here.write('mine');
  expect((await read(there, 4)).toString()).toBe('mine');
});

test('a broken connection is the stream’s to report', async () => {
  const { ours, client } = await connection();
  const writer = new DirectWriter(ours);
  const reported = new Promise((resolve) => ours.once('error', resolve));
  const gone = new Promise((resolve) => ours.once('close', resolve));
  client.resetAndDestroy();
  // Until the reset has arrived, writing succeeds.
  const timer = setInterval(() => writer.write(Buffer.alloc(1000)), 1);
  await gone;
  clearInterval(timer);
  expect(await reported).toMatchObject({ code: expect.stringMatching(/^(EPIPE|ECONNRESET)$/) });
});

test('where there is no descriptor, the stream takes everything', () => {
  const written: string[] = [];
  const socket = { writable: true, writableLength: 0, write: (bytes: Buffer) => written.push(bytes.toString()) } as unknown as Socket;
  expect(new DirectWriter(socket).write(Buffer.from('all'))).toBe(true);
  expect(written).toEqual(['all']);
});

test('an encrypted connection has a descriptor, too, and yet everything goes by the stream, in order', async () => {
  const tls = createTlsServer(TLS_SERVER);
  tls.listen(0, '127.0.0.1');
  await once(tls, 'listening');
  const accepted = once(tls, 'secureConnection') as Promise<[TLSSocket]>;
  const client = connectTls((tls.address() as AddressInfo).port);
  const [ours] = await accepted;
  tls.close();
  sockets.push(ours, client);
  for (const socket of [ours, client]) socket.on('error', () => {});
  expect((ours as unknown as { readonly _handle: { readonly fd: number } })._handle.fd).toBeGreaterThanOrEqual(0);
  const writer = new DirectWriter(ours);
  const pieces = [Buffer.from('secret'), ...Array.from({ length: 8 }, (_, at) => numbered(1024 * 1024, at))];
  for (const piece of pieces) expect(writer.write(piece)).toBe(ours.writableLength === 0);
  const sent = Buffer.concat(pieces);
  expect((await read(client, sent.length)).equals(sent)).toBe(true);
});
