import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { systemClock } from '../../../../src/core/clock.ts';
import { LinuxMachine } from '../../../../src/platform/machine/linux-machine.ts';
import type { Machine } from '../../../../src/platform/machine.ts';
import { type Run, runProgram } from '../../../../src/platform/run-program.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { ETH, NOTHING, pi } from '../../../support/system-tools/pi.ts';
import { ALL_TOOLS, makeMachine, makeTools, makeTree, PI_ADDRESSES, PI_FILES } from '../../../support/system-tools/tree.ts';

const timedatectl = (...args: string[]) => ['timedatectl', '--no-ask-password', ...args];
const CLOCK = { ntp: true, utc: undefined, timeZone: undefined };

const CHANGES: readonly [string, (machine: Machine) => Promise<unknown>][] = [
  ['host name', (machine) => machine.setHostname('cam')],
  ['clock', (machine) => machine.setClock(CLOCK)],
  ['NTP servers', (machine) => machine.setNtpServers(['ntp.lan'])],
  ['DNS servers', (machine) => machine.setDns(['9.9.9.9'], [])],
  ['gateway', (machine) => machine.setGateway('192.168.1.1')],
  ['interface', (machine) => machine.setInterface('eth0', { ...NOTHING, dhcp: true })],
  ['reboot', (machine) => machine.reboot()],
];

describe('a machine whose owner has not allowed changes', () => {
  test.each(CHANGES)('keeps its %s, and says who can allow it', async (what, change) => {
    const { dir, argv, root } = pi();
    const machine = makeMachine({}, PI_ADDRESSES, { managed: false, root, searchPath: dir });
    await expect(change(machine)).rejects.toMatchObject({
      code: 'NOT_MANAGED',
      message: expect.stringContaining(what),
      hint: expect.stringContaining('system.manage: true'),
    });
    expect(argv()).toEqual([]);
    expect(existsSync(join(root, 'etc/systemd'))).toBe(false);
  });
});

describe('a machine without the tools', () => {
  test.each([
    ['hostnamectl', CHANGES[0]![1]],
    ['timedatectl', CHANGES[1]![1]],
    ['systemctl', CHANGES[2]![1]],
    ['nmcli', CHANGES[3]![1]],
    ['nmcli', CHANGES[4]![1]],
    ['nmcli', CHANGES[5]![1]],
    ['systemctl', CHANGES[6]![1]],
  ])('names %s', async (name, change) => {
    await expect(change(pi({}, []).machine)).rejects.toMatchObject({ code: 'SYSTEM_FAILED', message: expect.stringContaining(name) });
  });
});

describe('a tool that refuses', () => {
  test.each([
    ['hostnamectl set-hostname', 'Could not set static hostname: Interactive authentication required.', CHANGES[0]![1]],
    ['timedatectl set-ntp', 'Failed to set ntp: NTP not supported', CHANGES[1]![1]],
    ['systemctl try-restart', 'Failed to try-restart systemd-timesyncd.service: Access denied', CHANGES[2]![1]],
    ['nmcli device reapply', 'Error: Reapplying connection to device failed: x', CHANGES[3]![1]],
    ['nmcli connection modify', 'Error: Failed to modify connection: ipv4.gateway: gateway cannot be set', CHANGES[4]![1]],
    ['nmcli connection modify', 'Error: insufficient privileges', CHANGES[5]![1]],
    ['systemctl reboot', 'Call to Reboot failed: Interactive authentication required.', CHANGES[6]![1]],
  ])('%s has the last word', async (call, words, change) => {
    const { machine } = pi({ refuse: { [call]: `Warning: first\n${words}\n` } });
    await expect(change(machine)).rejects.toMatchObject({ code: 'SYSTEM_FAILED', message: `${call.split(' ')[0]}: ${words}` });
  });

  test('may say nothing, or too much', async () => {
    const words = async (text: string) =>
      pi({ refuse: { 'systemctl reboot': text } })
        .machine.reboot()
        .catch(String);
    expect(await words('')).toBe('AppError: systemctl: failed without a word');
    expect(await words(`\u001b[31mred ${'x'.repeat(1000)}`)).toBe(`AppError: systemctl: [31mred ${'x'.repeat(292)}`);
  });

  test('may be NetworkManager, which does not run', async () => {
    const { machine } = pi({ networkManager: false });
    await expect(machine.setGateway('192.168.1.1')).rejects.toThrow('nmcli: Error: NetworkManager is not running.');
  });
});

test('tools speak English, and get nothing of our environment', async () => {
  const { machine, calls } = pi();
  process.env.STANDIN_SECRET = 'x';
  await machine.setHostname('cam').finally(() => delete process.env.STANDIN_SECRET);
  expect(calls()).toEqual([{ tool: 'hostnamectl', args: ['--no-ask-password', 'set-hostname', 'cam'], locale: 'C' }]);
});

describe('the host name', () => {
  test.each(['cam', 'Cam-2', '3com', 'cam.example.com', 'a'.repeat(63)])('can be %s', async (name) => {
    const { machine, argv } = pi();
    await machine.setHostname(name);
    expect(argv()).toEqual([['hostnamectl', '--no-ask-password', 'set-hostname', name]]);
  });

  test.each([
    '',
    '-h',
    '--transient',
    'a b',
    'cam-',
    '.cam',
    'cam.',
    'a..b',
    'cäm',
    'a_b',
    'a\nb',
    'a\0',
    'cam;reboot',
    '10.0.0.1',
    'a'.repeat(64),
    `${'a.'.repeat(32)}b`,
  ])('cannot be %j', async (name) => {
    const { machine, argv } = pi();
    await expect(machine.setHostname(name)).rejects.toMatchObject({ code: 'SYSTEM_FAILED' });
    expect(argv()).toEqual([]);
  });
});

describe('the clock', () => {
  const utc = Date.UTC(2026, 0, 2, 3, 4, 5);

  test('is left to NTP', async () => {
    const { machine, argv } = pi();
    await machine.setClock({ ...CLOCK, utc });
    expect(argv()).toEqual([timedatectl('set-ntp', 'true')]);
  });

  test('is set, NTP switched off before', async () => {
    const { machine, argv } = pi();
    await machine.setClock({ ntp: false, utc, timeZone: 'EST5EDT,M3.2.0,M11.1.0' });
    expect(argv()).toEqual([
      timedatectl('set-timezone', 'America/New_York'),
      ['timedatectl', 'show'],
      timedatectl('set-ntp', 'false'),
      timedatectl('set-time', '2026-01-02 03:04:05 UTC'),
    ]);
  });

  test('is set where there is no NTP at all', async () => {
    const { machine, argv } = pi({ ntp: { can: false, on: false } });
    await machine.setClock({ ntp: false, utc, timeZone: undefined });
    expect(argv()).toEqual([['timedatectl', 'show'], timedatectl('set-time', '2026-01-02 03:04:05 UTC')]);
  });

  test('is set as soon as the time service has ended', async () => {
    const tools = makeTools(ALL_TOOLS, { busyTimes: 2 });
    const machine = makeMachine(PI_FILES, {}, { searchPath: tools.dir, clock: systemClock });
    await machine.setClock({ ntp: false, utc, timeZone: undefined });
    const tries = tools.argv().filter((call) => call.includes('set-time'));
    expect(tries).toHaveLength(3);
    expect(tries[2]!.at(-1)).toMatch(/^2026-01-02 03:04:(0[5-9]|[1-5]\d) UTC$/);
  });

  test('is refused at once for another reason', async () => {
    const { machine, argv } = pi({ refuse: { 'timedatectl set-time': 'Failed to set time: Access denied' } });
    await expect(machine.setClock({ ntp: false, utc, timeZone: undefined })).rejects.toThrow(
      'timedatectl: Failed to set time: Access denied',
    );
    expect(argv().filter((call) => call.includes('set-time'))).toHaveLength(1);
  });

  test.each([
    ['CET-1CEST,M3.5.0,M10.5.0/3', 'Europe/Berlin'],
    ['Europe/Paris', 'Europe/Paris'],
    ['Etc/GMT-8', 'Etc/GMT-8'],
    ['CST-8', 'Asia/Shanghai'],
  ])('goes by %s as %s', async (timeZone, name) => {
    const { machine, argv } = pi();
    await machine.setClock({ ...CLOCK, timeZone });
    expect(argv()[0]).toEqual(timedatectl('set-timezone', name));
  });

  test.each(['', '-h', '--help', '../../etc/passwd', 'Mars/Base', 'CET-1CEST,M3.1.0,M10.5.0', 'UTC0\nUTC0', 'A;reboot'])(
    'cannot go by %j, and nothing is changed',
    async (timeZone) => {
      const { machine, argv } = pi();
      await expect(machine.setClock({ ntp: false, utc, timeZone })).rejects.toMatchObject({ code: 'SYSTEM_FAILED' });
      expect(argv()).toEqual([]);
    },
  );

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1, 0, Date.UTC(1999, 11, 31), Date.UTC(9999, 1)])('cannot be %p', async (time) => {
    const { machine, argv } = pi();
    await expect(machine.setClock({ ntp: false, utc: time, timeZone: 'Europe/Paris' })).rejects.toMatchObject({ code: 'SYSTEM_FAILED' });
    expect(argv()).toEqual([]);
  });

  test('is read anew after a change', async () => {
    const { machine, dir } = pi();
    expect((await machine.time()).ntp).toBe(true);
    writeFileSync(join(dir, 'scenario.json'), JSON.stringify({ ntp: { synchronized: false } }));
    await machine.setClock(CLOCK);
    expect((await machine.time()).ntp).toBe(false);
  });
});

describe('the NTP servers', () => {
  const RESTART = ['systemctl', '--no-ask-password', 'try-restart', 'systemd-timesyncd.service'];
  const place = (root: string) => join(root, 'etc/systemd/timesyncd.conf.d');

  test('stand in a file of our own, which goes when they come from DHCP', async () => {
    const { machine, argv, root } = pi();
    const before = process.umask(0o077);
    await machine.setNtpServers(['ntp.lan', '192.168.1.1', 'fd00::1', 'ntp.lan']).finally(() => process.umask(before));
    const file = join(place(root), 'onvif-camera.conf');
    expect(readFileSync(file, 'utf8')).toBe('[Time]\nNTP=\nNTP=ntp.lan 192.168.1.1 fd00::1\n');
    // The time service reads it as its own user.
    expect([statSync(file).mode & 0o777, statSync(place(root)).mode & 0o777]).toEqual([0o644, 0o755]);
    await machine.setNtpServers(['10.0.0.1']);
    expect(readFileSync(file, 'utf8')).toBe('[Time]\nNTP=\nNTP=10.0.0.1\n');
    expect(readdirSync(place(root))).toEqual(['onvif-camera.conf']);
    await machine.setNtpServers([]);
    await machine.setNtpServers([]);
    expect(readdirSync(place(root))).toEqual([]);
    expect(argv()).toEqual([RESTART, RESTART, RESTART, RESTART]);
  });

  test.each([[['']], [['-x']], [['a b']], [['a\nFallbackNTP=evil']], [['fe80::1%eth0']], [['ntp.lan', '%n']], [Array(17).fill('a')]])(
    'cannot be %j',
    async (servers: string[]) => {
      const { machine, argv, root } = pi();
      await expect(machine.setNtpServers(servers)).rejects.toMatchObject({ code: 'SYSTEM_FAILED' });
      expect([argv(), existsSync(place(root))]).toEqual([[], false]);
    },
  );

  test('are refused where another service keeps the time', async () => {
    const tools = makeTools(ALL_TOOLS);
    const machine = makeMachine({}, {}, { searchPath: tools.dir });
    await expect(machine.setNtpServers(['ntp.lan'])).rejects.toThrow('systemd-timesyncd only');
    expect(tools.argv()).toEqual([]);
  });

  test('are refused where the file cannot be written', async () => {
    const { machine, argv, root } = pi();
    writeFileSync(join(root, 'etc/systemd'), 'not a folder');
    await expect(machine.setNtpServers(['ntp.lan'])).rejects.toMatchObject({
      code: 'SYSTEM_FAILED',
      message: expect.stringMatching(/^Cannot change \/etc\/systemd\/timesyncd\.conf\.d\/onvif-camera\.conf: /),
    });
    expect(argv()).toEqual([]);
  });
});

test('the machine restarts', async () => {
  const { machine, argv } = pi();
  await machine.reboot();
  expect(argv()).toEqual([['systemctl', '--no-ask-password', 'reboot']]);
});

test('whatever is asked for, no value reaches a tool as an option or with characters of its own', async () => {
  const root = makeTree(PI_FILES);
  const asked: string[] = [];
  const run: Run = (command, args) => {
    asked.push(...args);
    return Promise.resolve({ code: 0, stdout: command.endsWith('nmcli') ? `${ETH}:802-3-ethernet:eth0\n` : '', stderr: '' });
  };
  const { dir } = makeTools(ALL_TOOLS);
  const os = { networkInterfaces: () => PI_ADDRESSES, hostname: () => 'x', machine: () => 'aarch64', type: () => 'Linux' };
  const machine = new LinuxMachine({ managed: true, root, searchPath: dir, run, os, clock: new FakeClock() });
  const known = new Set(['--no-ask-password', '-t', '-f', '-w', '--active']);
  const value = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'-a1.:/ ;$\n,%'), maxLength: 12 }),
    fc.ipV4(),
    fc.ipV6(),
    fc.domain(),
    fc.string(),
  );
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(value, fc.integer({ min: -1, max: 40 }), async (text, prefixLength) => {
      asked.length = 0;
      const attempts = [
        machine.setHostname(text),
        machine.setClock({ ...CLOCK, timeZone: text }),
        machine.setDns([text], []),
        machine.setDns([], [text]),
        machine.setGateway(text),
        machine.setInterface(text, { ...NOTHING, dhcp: true }),
        machine.setInterface('eth0', { ...NOTHING, manual: { address: text, prefixLength } }),
      ];
      taken += (await Promise.allSettled(attempts)).filter(({ status }) => status === 'fulfilled').length;
      for (const arg of asked) {
        if (arg.startsWith('-')) expect(known).toContain(arg);
        expect(arg).toMatch(/^[\w.:/,-]*$/);
      }
    }),
    { numRuns: 300 },
  );
  expect(taken).toBeGreaterThan(100);
});

describe('running a tool', () => {
  const options = { timeoutMs: 10_000, env: {} };
  const node = (script: string, timeoutMs = 10_000) => runProgram(process.execPath, ['-e', script], { ...options, timeoutMs });

  test('gives its output and its code', async () => {
    expect(await node('console.log("out"); console.error("err"); process.exitCode = 3')).toEqual({
      code: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    });
  });

  test('has an end', async () => {
    const result = await node('console.error("busy"); setInterval(() => {}, 1000)', 500);
    expect(result.code).toBeNull();
    expect(result.stderr).toMatch(/did not end within 0.5 s$/);
  });

  test('keeps a part of what a mad one prints', async () => {
    const { stdout } = await node('process.stdout.write("x".repeat(3 << 20))');
    expect(stdout).toHaveLength(1 << 20);
  });

  test('does not wait for what it leaves running', async () => {
    const script =
      'require("node:child_process").spawn(process.execPath, ["-e", "setTimeout(() => {}, 20_000)"], { stdio: "inherit" }).unref(); console.log("x"); process.exit()';
    const before = Date.now();
    expect((await node(script)).stdout).toBe('x\n');
    expect(Date.now() - before).toBeLessThan(10_000);
  });

  test('tells that there is none', async () => {
    expect(await runProgram('/nowhere/tool', [], options)).toMatchObject({ code: null, stderr: expect.stringContaining('ENOENT') });
  });
});
