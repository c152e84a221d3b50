import { EventEmitter } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { AppError } from '../../../src/core/errors.ts';
import { type Endpoint, listen } from '../../../src/servers/listen.ts';
import { PlayedRtspServer } from '../../support/rtsp-server.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});
const start = async (endpoint: Endpoint) => {
  const server = createServer();
  servers.push(server);
  await listen(server, endpoint);
  return server;
};
/** What the user reads. */
async function refusal(starting: Promise<unknown>): Promise<AppError> {
  const error = await starting.catch((thrown: unknown) => thrown);
  if (error instanceof AppError) return error;
  throw new Error(`expected an AppError, got ${error}`);
}
/** A server whose system gives this error: what it forbids depends on the machine. */
const refusing = (code: string) => {
  const server = new EventEmitter() as Server;
  server.listen = () => {
    setImmediate(() => server.emit('error', Object.assign(new Error(`listen ${code}`), { code })));
    return server;
  };
  return server;
};

const LOCAL = { bind: '127.0.0.1', port: 0 } as const;

test('a server that listens has its port, and tells it also when it has ended', async () => {
  const server = createServer();
  const port = await listen(server, { ...LOCAL, section: 'http' });
  expect(port).toBe((server.address() as AddressInfo).port);
  server.close();

  const played = await PlayedRtspServer.start();
  const before = played.server.port;
  await played.stop();
  expect([played.server.port, before > 0]).toEqual([before, true]);
});

test('a server that listens has no listener for errors left', async () => {
  const server = await start({ ...LOCAL, section: 'http' });
  expect(server.listening).toBe(true);
  expect(server.listenerCount('error')).toBe(0);
});

describe('a port that is taken', () => {
  test.each([
    ['http', 'the page', '--http-port (http.port in the settings file)'],
    ['rtsp', 'RTSP', '--rtsp-port (rtsp.port in the settings file)'],
  ] as const)('of %s: the flag and the key are named', async (section, purpose, setting) => {
    const { port } = (await start({ ...LOCAL, section })).address() as AddressInfo;
    const { code, exitCode, message, hint } = await refusal(start({ ...LOCAL, port, section }));
    expect({ code, exitCode }).toEqual({ code: 'PORT_TAKEN', exitCode: 3 });
    // It is our own here, as where http.port and rtsp.port are the same.
    expect(message).toBe(`Port ${port} on 127.0.0.1 is taken by this program itself; it is meant for ${purpose}.`);
    expect(hint).toBe(`The page and RTSP need a port each: choose another port with ${setting}; 0 picks a free one.`);
  });

  test('by one that cannot be seen: how to see it', async () => {
    // Nobody listens on port 0.
    const { message, hint } = await refusal(listen(refusing('EADDRINUSE'), { ...LOCAL, section: 'http' }));
    expect(message).toContain('is taken by another program; it is meant for the page.');
    expect(hint).toContain("`sudo ss -ltnp 'sport = :0'` shows which it is");
  });
});

test.each([
  ['http', 80],
  ['rtsp', 554],
] as const)('a privileged port of %s: how it is allowed, not by becoming root', async (section, port) => {
  const { code, exitCode, message, hint } = await refusal(listen(refusing('EACCES'), { bind: '0.0.0.0', port, section }));
  expect({ code, exitCode }).toEqual({ code: 'BIND_FAILED', exitCode: 1 });
  expect(message).toMatch(
    new RegExp(`^Port ${port} on 0\\.0\\.0\\.0, for .* may not be used: those below \\d+ are for privileged programs\\.$`),
  );
  expect(hint).toContain(`sudo sysctl net.ipv4.ip_unprivileged_port_start=${port}`);
  expect(hint).toContain(`sudo setcap cap_net_bind_service=+ep ${process.execPath}`);
  expect(hint).toMatch(new RegExp(`from \\d+ on with --${section}-port \\(${section}\\.port in the settings file\\)`));
  expect(hint).not.toMatch(/as root/);
});

test('an address that is not there: those that are', async () => {
  // Of documentation (RFC 5737): no machine has it.
  const { code, message, hint } = await refusal(start({ bind: '203.0.113.77', port: 0, section: 'http' }));
  expect(code).toBe('BIND_FAILED');
  expect(message).toBe('This machine has no address 203.0.113.77 to listen on.');
  expect(hint).toMatch(/^It has .*127\.0\.0\.1.*\. Give one of them with --bind \(bind in the settings file\), or 0\.0\.0\.0 for all\.$/);
});

test('anything else is told with the words of the system', async () => {
  const { code, message, hint } = await refusal(listen(refusing('EAFNOSUPPORT'), { bind: '::', port: 8080, section: 'rtsp' }));
  expect(code).toBe('BIND_FAILED');
  expect(message).toBe('Cannot listen on :: port 8080, for RTSP: listen EAFNOSUPPORT');
  expect(hint).toContain('--bind');
});
