import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { silentLogger } from '../../../../src/core/log.ts';
import type { Run, RunResult } from '../../../../src/platform/run-program.ts';
import { inheritedSockets } from '../../../../src/platform/service/inherited-sockets.ts';
import { type Environment, ServiceManager } from '../../../../src/platform/service/service-manager.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { makeTempDir } from '../../../support/temp-dir.ts';

const PID = 4711;
const YEAR_MS = 365 * 86_400_000;
const WATCHED = { NOTIFY_SOCKET: '/run/systemd/notify', WATCHDOG_USEC: '60000000', WATCHDOG_PID: String(PID) };

let clock: FakeClock;
let sent: string[][];
let environments: unknown[];
let warnings: string[];
let status: string;
let alive: boolean;
let result: RunResult;
let programs: string;

beforeEach(() => {
  clock = new FakeClock();
  sent = [];
  environments = [];
  warnings = [];
  status = 'Idle';
  alive = true;
  result = { code: 0, stdout: '', stderr: '' };
  programs = makeTempDir();
  writeFileSync(join(programs, 'systemd-notify'), '#!/bin/sh\n');
  chmodSync(join(programs, 'systemd-notify'), 0o755);
});

function manager(env: Environment): ServiceManager {
  const run: Run = async (_program, args, { env: given }) => {
    sent.push([...args]);
    environments.push(given);
    return result;
  };
  const log = { ...silentLogger, warn: (text: string) => void warnings.push(text) };
  return new ServiceManager({ env, pid: PID, searchPath: programs, clock, log, run, status: () => status, alive: () => alive });
}

describe('without systemd', () => {
  test.each<[string, Environment]>([
    ['nothing', {}],
    ['an empty address', { NOTIFY_SOCKET: '' }],
    ['a watchdog alone', { WATCHDOG_USEC: '1000000' }],
  ])('nothing is told and nothing runs where the environment has %s', (_, env) => {
    const told = manager(env);
    told.ready();
    told.changed();
    clock.advance(100_000);
    told.stopping();
    expect([sent, warnings, clock.pending, told.isThere]).toEqual([[], [], 0, false]);
  });
});

describe('with systemd', () => {
  test('it is told that the program is ready, once, and nothing before', () => {
    const told = manager({ NOTIFY_SOCKET: '@notify' });
    told.changed();
    clock.advance(60_000);
    expect(sent).toEqual([]);
    told.ready();
    told.ready();
    expect(sent).toEqual([['READY=1', 'STATUS=Idle']]);
    expect(environments).toEqual([{ NOTIFY_SOCKET: '@notify' }]);
    expect(told.isThere).toBe(true);
  });

  test('it gets a sign of life three times in the time it gives, with what the program does', () => {
    manager(WATCHED).ready();
    expect(sent).toEqual([['READY=1', 'STATUS=Idle', 'WATCHDOG=1']]);
    status = 'Live\nat 15.0';
    clock.advance(60_000);
    expect(sent.slice(1)).toEqual(Array(3).fill(['WATCHDOG=1', 'STATUS=Live at 15.0']));
  });

  test.each([-20, -1, 1, 20])('a clock that jumps by %d years changes nothing about that', (years) => {
    manager(WATCHED).ready();
    clock.advance(30_000);
    clock.setWallForward(years * YEAR_MS);
    clock.advance(30_000);
    expect(sent).toHaveLength(4);
  });

  test('it gets none from a program that is stuck', () => {
    manager(WATCHED).ready();
    alive = false;
    clock.advance(600_000);
    expect(sent).toHaveLength(1);
  });

  test('it gets none that it awaits from another process', () => {
    manager({ ...WATCHED, WATCHDOG_PID: '1' }).ready();
    clock.advance(600_000);
    expect(sent).toEqual([['READY=1', 'STATUS=Idle']]);
  });

  test('a state that comes and goes is told every five seconds, and only if it is another one', () => {
    const told = manager({ NOTIFY_SOCKET: '@notify' });
    told.ready();
    for (let change = 0; change < 100; change++) {
      status = change % 2 === 0 ? 'Camera starting' : 'Camera failed';
      told.changed();
      clock.advance(200);
    }
    expect(sent.length).toBeGreaterThan(1);
    expect(sent.length).toBeLessThanOrEqual(6);
    clock.advance(10_000);
    const before = sent.length;
    told.changed();
    clock.advance(10_000);
    expect(sent).toHaveLength(before);
  });

  test('the end is told, and then nothing more', () => {
    const told = manager(WATCHED);
    told.ready();
    told.changed();
    told.stopping();
    expect(sent.at(-1)).toEqual(['STOPPING=1', 'STATUS=Stopping']);
    clock.advance(600_000);
    expect(sent).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  test('a missing systemd-notify is told once, and ends nothing', () => {
    programs = makeTempDir();
    const told = manager(WATCHED);
    told.ready();
    clock.advance(600_000);
    told.stopping();
    expect(sent).toEqual([]);
    expect(warnings).toEqual([expect.stringMatching(/no program systemd-notify.*Type=exec/)]);
  });

  test('one that fails is told once, and is tried again', async () => {
    result = { code: 1, stdout: '', stderr: 'No such socket\n' };
    manager(WATCHED).ready();
    await clock.advanceAsync(60_000);
    expect(sent).toHaveLength(4);
    expect(warnings).toEqual([expect.stringContaining('No such socket')]);
  });
});

describe('sockets that systemd hands over', () => {
  const env = { LISTEN_PID: String(PID), LISTEN_FDS: '2' };

  test.each<[string, Environment, object]>([
    ['none', {}, {}],
    ['what is meant for another process', { ...env, LISTEN_PID: '1' }, {}],
    ['a number that is none', { ...env, LISTEN_FDS: 'x' }, {}],
    ['the page first, then RTSP', env, { http: 3, rtsp: 4 }],
    ['one alone: the page', { ...env, LISTEN_FDS: '1' }, { http: 3 }],
    ['names', { ...env, LISTEN_FDNAMES: 'rtsp:http' }, { http: 4, rtsp: 3 }],
    ['a name for one', { ...env, LISTEN_FDNAMES: 'rtsp:onvif-camera.socket' }, { http: 4, rtsp: 3 }],
    ['names of the unit', { ...env, LISTEN_FDNAMES: 'onvif-camera.socket:onvif-camera.socket' }, { http: 3, rtsp: 4 }],
    ['more than there are servers', { ...env, LISTEN_FDS: '3' }, { http: 3, rtsp: 4 }],
  ])('%s', (_, given, expected) => {
    expect(inheritedSockets(given, PID)).toEqual(expected);
  });
});
