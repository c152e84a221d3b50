import { readdirSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { limitLeaving, setLimit } from '../support/descriptors.ts';
import { descriptorsOf } from '../support/process.ts';
import { needsProgram } from '../support/programs.ts';
import { STANDIN, Stage } from '../support/rpicam/stage.ts';
import { basic, eventually, PASSWORD, Server } from '../support/server.ts';
import { askDevice, userFields } from '../support/soap.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** The program when descriptors run out, as strangers who only connect can make them: it stays, loses nothing, and is well again after. */

let stage: Stage;
let server: Server;
let sockets: Socket[];
/** For temporary files of the program. */
let folder: string;
let agent: Agent;
let second: Agent;

const MANY = 1024;
const AUTHORIZATION = basic('admin', PASSWORD);
const start = async (limit: number, ...args: string[]) => {
  const env = { ...stage.env, TMPDIR: folder };
  server = await Server.start({ launcher: ['sh', '-c', `ulimit -n ${limit}; exec "$@"`, 'sh'], args, env });
};
const RPICAM = ['--source', 'rpicam', '--rpicam-path', STANDIN, '--width', '640', '--height', '480', '--idle-timeout', '1'];

/** Connects as often as asked, and waits until each connection is taken or closed. */
async function crowd(count: number, port: number): Promise<void> {
  const made = Array.from({ length: count }, () => connect(port, '127.0.0.1').on('error', () => {}));
  sockets.push(...made);
  await Promise.all(made.map((socket) => new Promise<void>((resolve) => socket.once('connect', resolve).once('close', () => resolve()))));
}

/** Over a connection that stays open: there may be no other. */
const answerTo = (path: string, body: string | undefined, over: Agent): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    const { port } = server;
    const method = body === undefined ? 'GET' : 'POST';
    const headers = { Authorization: AUTHORIZATION };
    request({ port, host: '127.0.0.1', path, agent: over, method, headers }, (answer) => {
      let text = '';
      answer.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
      answer.once('end', () => resolve({ status: answer.statusCode!, text }));
    })
      .on('error', reject)
      .end(body);
  });
const ask = async (path: string, body?: string) => (await answerTo(path, body, agent)).status;
const asked = async (path: string, over: Agent) => (await answerTo(path, undefined, over)).text;

const GET_USERS =
  '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><GetUsers xmlns="http://www.onvif.org/ver10/device/wsdl"/></s:Body></s:Envelope>';

beforeEach(() => {
  stage = new Stage();
  folder = makeTempDir();
  sockets = [];
  [agent, second] = [new Agent({ keepAlive: true, maxSockets: 1 }), new Agent({ keepAlive: true, maxSockets: 1 })];
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  agent.destroy();
  second.destroy();
  await server.stop('SIGKILL');
  stage.remove();
});

describe.each([64, 1024])('with %i descriptors and more connections than that', (limit) => {
  test('all that is loaded and started only now works: picture, ONVIF, figures, changes of users', async () => {
    await start(limit, '--source', 'test', '--width', '320', '--height', '240');
    expect(await ask('/healthz')).toBe(200);
    await crowd(limit, server.port);
    await crowd(Math.min(limit, 300), server.rtspPort);
    expect(descriptorsOf(server.pid)).toBeLessThan(limit);
    expect(await Promise.all([ask('/snapshot.jpg'), ask('/onvif/device_service', GET_USERS), ask('/metrics'), ask('/')])).toEqual([
      200, 200, 200, 200,
    ]);
    expect(server.stderr).toMatch(
      /open files for its clients.*LimitNOFILE.*\n(.*\n)*.*too many connections: closed the oldest connection of 127\.0\.0\.1/,
    );

    for (const socket of sockets) socket.destroy();
    await eventually(async () => (await askDevice(server, 'CreateUsers', userFields('eva', 'x'))).status === 200, 'a change of users');
    expect((await server.fetch('/snapshot.jpg')).status).toBe(200);
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    // A line a second at most, however many come.
    expect(server.stderr.split('too many connections').length).toBeLessThan(20);
  }, 60_000);
});

describe('with only some descriptors left', () => {
  const leave = (left: number) => setLimit(server.pid, limitLeaving(left, server.pid));
  const leaveMany = () => setLimit(server.pid, MANY);

  needsProgram(
    'prlimit',
    'however few, the camera that cannot start is told of, and starts when there are some again',
    async () => {
      await start(MANY, ...RPICAM);
      expect(await ask('/snapshot.jpg')).toBe(200);
      const state = async () => (JSON.parse(await asked('/api/status', second)) as { camera: string }).camera;
      await eventually(async () => (await state()) === 'idle', 'the camera is off');
      const before = descriptorsOf(server.pid);
      const seen = new Set<string>();
      for (let left = 0; left <= 9; left++) {
        // Both connections are there.
        await ask('/healthz');
        leave(left);
        const picture = ask('/snapshot.jpg');
        await eventually(
          async () => ['failed', 'stalled', 'live'].includes(await state()),
          `the camera has tried with ${left} descriptors`,
        );
        seen.add(await state());
        leaveMany();
        expect([left, await picture]).toEqual([left, 200]);
        await eventually(async () => (await state()) === 'idle', 'the camera is off');
      }
      expect([...seen].sort()).toEqual(['failed', 'live']);
      await eventually(() => descriptorsOf(server.pid) <= before, 'the descriptors are back');
      expect(readdirSync(folder)).toEqual([]);
      expect(server.stderr).toMatch(/could not be started: spawn \S+ EMFILE.*LimitNOFILE/);
      expect(await server.stop()).toEqual({ code: 0, signal: null });
    },
    120_000,
  );

  needsProgram('prlimit', 'a change of users that cannot be kept is refused, and nobody is lost', async () => {
    await start(MANY, '--source', 'test');
    await askDevice(server, 'CreateUsers', userFields('guest', 'open sesame'));
    expect(await ask('/onvif/device_service', GET_USERS)).toBe(200);
    leave(0);
    const body = GET_USERS.replace(
      '<GetUsers xmlns="http://www.onvif.org/ver10/device/wsdl"/>',
      '<DeleteUsers xmlns="http://www.onvif.org/ver10/device/wsdl"><Username>guest</Username></DeleteUsers>',
    );
    expect(await ask('/onvif/device_service', body)).toBe(500);
    leaveMany();
    const headers = { Authorization: basic('guest', 'open sesame') };
    expect((await server.fetch('/api/status', { headers })).status).toBe(200);
    expect(await ask('/onvif/device_service', body)).toBe(200);
    expect((await server.fetch('/api/status', { headers })).status).toBe(401);
  });
});
