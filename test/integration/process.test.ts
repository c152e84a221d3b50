import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import { childrenOf } from '../support/process.ts';
import { eventually, isRunning, MAIN, Server } from '../support/server.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let server: Server | undefined;
/** The program's own process, where another one stands before it. */
let program: number | undefined;

afterEach(async () => {
  if (program !== undefined && isRunning(program)) process.kill(program, 'SIGKILL');
  program = undefined;
  await server?.stop('SIGKILL');
  server = undefined;
});

const answers = async (running: Server) => (await running.json('/healthz')).status === 'ok';

async function start(command: readonly string[]): Promise<Server> {
  server = await Server.start({ program: command, args: ['--source', 'test'] });
  program = server.programPid;
  return server;
}

/** On a terminal of its own, by util-linux's `script`, which takes a command line. @param before what its shell does first */
function startOnTerminal(before: string): Promise<Server> {
  const file = `${makeTempDir()}/start`;
  writeFileSync(file, `#!/bin/sh\n${before}\n"${process.execPath}" "${MAIN}" "$@"\n`, { mode: 0o755 });
  const wrapper = `${file}-on-terminal`;
  writeFileSync(wrapper, `#!/bin/sh\nexec script -qefc "${file} $*" /dev/null\n`, { mode: 0o755 });
  return start([wrapper]);
}

describe('the terminal is closed (SIGHUP)', () => {
  test('on a terminal the program ends, and its log names the signal', async () => {
    const running = await startOnTerminal('');
    process.kill(program!, 'SIGHUP');
    await running.output(/stopping \(SIGHUP\)/);
    await running.ended;
    expect(isRunning(program!)).toBe(false);
  });

  test("a shell that ignores it (trap '' HUP) hands that on", async () => {
    const running = await startOnTerminal("trap '' HUP");
    process.kill(program!, 'SIGHUP');
    expect(await answers(running)).toBe(true);
  });

  test('behind nohup the program goes on', async () => {
    const running = await start(['nohup', process.execPath, MAIN]);
    process.kill(program!, 'SIGHUP');
    expect(await answers(running)).toBe(true);
    process.kill(program!, 'SIGTERM');
    expect((await running.ended).code).toBe(0);
    expect(running.stderr).toContain('stopping (SIGTERM)');
  });
});

test('SIGTERM to `npm start` ends the camera too', async () => {
  // Without its prestart, which would build anew what other tests are running.
  const running = await start(['npm', 'start', '--ignore-scripts', '--prefix', ROOT, '--']);
  expect(childrenOf(running.pid, 'node')).toEqual([program]);
  running.process.kill('SIGTERM');
  await running.output(/stopping \(SIGTERM\)/);
  await running.ended;
  expect(isRunning(program!)).toBe(false);
});

test.each([
  ['thrown in a callback', "throw new Error('nobody expected this')"],
  ['of a promise that nobody awaits', "void Promise.reject(new Error('nobody expected this'))"],
])('an error %s does not end the camera; the log has it once, the metrics count it', async (_where, mistake) => {
  const preload = `${makeTempDir()}/mistake.cjs`;
  writeFileSync(preload, `process.on('SIGUSR2', () => { ${mistake}; });`);
  const running = await start([process.execPath, '--require', preload, MAIN]);
  const faults = async () => Number(/^onvif_camera_faults_total (\d+)$/m.exec(await (await running.fetch('/metrics')).text())?.[1]);
  expect(await faults()).toBe(0);
  for (const count of [1, 2, 3]) {
    running.process.kill('SIGUSR2');
    await eventually(async () => (await faults()) === count, 'the mistake is counted');
  }
  expect(running.stderr.match(/internal error, please report it/g)).toHaveLength(1);
  expect(running.stderr).toContain('nobody expected this');
  expect(await running.stop()).toEqual({ code: 0, signal: null });
});

test.each(['12.22.12', '18.20.8', '20.18.3'])('Node.js %s is refused in one sentence', async (version) => {
  const preload = `${makeTempDir()}/old.cjs`;
  writeFileSync(preload, `Object.defineProperty(process.versions, 'node', { value: '${version}' });`);
  server = Server.spawn({ program: [process.execPath, '--require', preload, MAIN] });
  expect((await server.ended).code).toBe(1);
  expect(server.stdout).toBe('');
  expect(server.stderr).toBe(`onvif-camera needs Node.js 20.19 or newer, and this is ${version}: see https://nodejs.org/en/download.\n`);
});
