import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { schema, settings } from '../../../../src/cli/settings.ts';
import { loadConfig } from '../../../../src/config/load.ts';
import { findConfigFile, serviceOf, startCommand, systemConfigFile, systemDataDir } from '../../../../src/config/places.ts';
import { MARK, programOf, serviceUnit } from '../../../../src/platform/service/unit.ts';
import { describeNeeding, installation, program } from '../../../support/programs.ts';
import { makeTempDir } from '../../../support/temp-dir.ts';

const DEPLOY = join(import.meta.dirname, '../../../../deploy');
const UNITS = join(DEPLOY, 'systemd');
const unit = (name: string) => readFileSync(join(UNITS, name), 'utf8');
const ONE = unit('onvif-camera.service');
const SEVERAL = unit('onvif-camera@.service');
/** The figure that the documents name. */
const EXPOSURE = 2.0;

const ANALYZE = program('systemd-analyze');
/** `--offline` came with systemd 250: Debian 12 has 252, Debian 11 had 247. */
const isNewEnough = (analyze: string) => Number(/\d+/.exec(execFileSync(analyze, ['--version'], { encoding: 'utf8' }))?.[0]) >= 250;
const missing =
  ANALYZE === undefined
    ? `needs systemd-analyze: ${installation('systemd-analyze')}`
    : isNewEnough(ANALYZE)
      ? undefined
      : 'needs systemd 250';

describeNeeding(missing, 'what the units leave to an attacker', () => {
  test.each(['onvif-camera.service', 'onvif-camera@.service'])(`%s: systemd reckons an exposure of at most ${EXPOSURE}`, (name) => {
    const said = execFileSync(ANALYZE!, ['security', '--offline=yes', '--no-pager', join(UNITS, name)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const figure = Number(/Overall exposure level for \S+: (\d+\.\d+)/.exec(said)?.[1]);
    expect(figure).toBeGreaterThan(0);
    expect(figure).toBeLessThanOrEqual(EXPOSURE);
  });
});

describe('the units', () => {
  test('differ in nothing but which camera it is', () => {
    const rules = (text: string) => text.split('\n').filter((line) => /^[A-Z[]/.test(line));
    const [one, several] = [rules(ONE), rules(SEVERAL)];
    const different = several.filter((line) => !one.includes(line));
    expect(different).toEqual([
      'Description=ONVIF network camera %i',
      'ExecStart=/usr/bin/node /usr/lib/onvif-camera/dist/main.js --camera %i',
      'StateDirectory=onvif-camera-%i',
    ]);
    expect(several).toHaveLength(one.length);
  });

  test.each([ONE, SEVERAL])('have an obstacle waited for however long it takes', (text) => {
    const seconds = (key: string) => {
      const [, count, unit = 's'] = new RegExp(`^${key}=(\\d+)(s|min|h)?$`, 'm').exec(text) ?? [];
      return Number(count) * { s: 1, min: 60, h: 3600 }[unit]!;
    };
    // Of systemd 252, which knows no delay that grows. An interval of 0 is no limit: systemd.unit(5).
    const interval = seconds('StartLimitIntervalSec');
    const burst = Number(/^StartLimitBurst=(\d+)$/m.exec(text)?.[1] ?? 5);
    expect(seconds('RestartSec')).toBeGreaterThan(0);
    expect(interval === 0 || interval / seconds('RestartSec') < burst).toBe(true);
    // Read by systemd where it stands, and by nothing elsewhere.
    expect(text.slice(0, text.indexOf('[Service]'))).toContain('\nStartLimitIntervalSec=');
  });

  test('the sockets are those of the defaults, the page first', async () => {
    const { config } = await load('');
    const ports = [...unit('onvif-camera.socket').matchAll(/^ListenStream=0\.0\.0\.0:(\d+)$/gm)].map(([, port]) => Number(port));
    expect(ports).toEqual([config.http.port, config.rtsp.port]);
  });
});

describe('a unit for a program elsewhere', () => {
  const parts = { node: '/usr/bin/node', main: '/opt/onvif-camera/dist/main.js', canNotify: true };

  test('starts that program, and says who wrote it', () => {
    const text = serviceUnit(ONE, parts);
    expect(text.startsWith(`${MARK}\n`)).toBe(true);
    expect(text).toContain('\nExecStart=/usr/bin/node /opt/onvif-camera/dist/main.js --config /etc/onvif-camera.yaml\n');
    expect(text).not.toMatch(/^(Documentation|BindReadOnlyPaths)=/m);
    expect(programOf(text)).toBe(parts.main);
    expect(serviceUnit(SEVERAL, parts)).toContain('main.js --camera %i\n');
  });

  test('shows the service what it is started from, where home directories are hidden', () => {
    const home = { ...parts, node: '/home/pi/.nvm/versions/node/v22.1.0/bin/node', main: '/home/pi/onvif-camera/dist/main.js' };
    const text = serviceUnit(ONE, home);
    expect(text).toContain(
      '\nProtectHome=tmpfs\nBindReadOnlyPaths=/home/pi/onvif-camera\nBindReadOnlyPaths=/home/pi/.nvm/versions/node/v22.1.0\n',
    );
  });

  test.each([
    ['/opt/my camera/dist/main.js', '"/opt/my camera/dist/main.js"'],
    ['/opt/100%/dist/main.js', '/opt/100%%/dist/main.js'],
    ['/opt/$HOME/dist/main.js', '/opt/$$HOME/dist/main.js'],
    ['/opt/a"b/dist/main.js', '"/opt/a\\"b/dist/main.js"'],
  ])('a path like %s stands for itself', (main, written) => {
    expect(serviceUnit(ONE, { ...parts, main })).toContain(`ExecStart=/usr/bin/node ${written} --config`);
  });

  test('awaits no word of the program where it has no means to send any', () => {
    const text = serviceUnit(ONE, { ...parts, canNotify: false });
    expect(text).toMatch(/^Type=exec$/m);
    expect(text).not.toMatch(/^(Type=notify|NotifyAccess|WatchdogSec)/m);
  });
});

async function load(text: string) {
  const file = join(makeTempDir(), 'settings.yaml');
  writeFileSync(file, text);
  return loadConfig(schema, settings, { flags: {}, env: {}, file, defaultFile: file });
}

describe('the settings files of the services', () => {
  const first = readFileSync(join(DEPLOY, 'onvif-camera.yaml'), 'utf8');
  const second = readFileSync(join(DEPLOY, 'second-camera.yaml'), 'utf8');

  test('are right as they are, and keep their state where the units let them', async () => {
    const one = await load(first);
    const two = await load(second);
    expect([one.config.dataDir, two.config.dataDir]).toEqual(['/var/lib/onvif-camera', '/var/lib/onvif-camera-garden']);
    // What is set there, recorders cannot change.
    expect([...one.explicit].sort()).toEqual(['dataDir', 'log.format']);
    const ports = [one, two].flatMap(({ config }) => [config.http.port, config.rtsp.port]);
    expect(new Set(ports).size).toBe(4);
  });

  test('say what the units say: where state is, and where settings are', () => {
    const stateOf = (text: string) => `/var/lib/${/^StateDirectory=(.*)$/m.exec(text)![1]}`;
    expect(stateOf(ONE)).toBe(systemDataDir(undefined));
    expect(stateOf(SEVERAL)).toBe(systemDataDir('%i'));
    expect(ONE).toContain(`--config ${systemConfigFile(undefined)}\n`);
  });

  test('are right with every line that counts when its # is taken away', async () => {
    const all = first.replace(/^#( *[a-zA-Z]+:( .*)?)$/gm, '$1').replace(/^# {2}#/gm, '  #');
    const { explicit } = await load(all);
    expect([...explicit]).toEqual(expect.arrayContaining(['name', 'camera.annotate', 'http.port', 'rtsp.port', 'camera.rotation']));
  });
});

test.each([
  ['/var/lib/onvif-camera', 'onvif-camera', 'sudo systemctl start onvif-camera'],
  ['/var/lib/onvif-camera-garden', 'onvif-camera@garden', 'sudo systemctl start onvif-camera@garden'],
  ['/home/pi/.local/state/onvif-camera', undefined, 'onvif-camera'],
  ['/home/pi/var/lib/onvif-camera', undefined, 'onvif-camera'],
])('the camera with the data directory %s is the service %s', (dataDir, service, command) => {
  expect(serviceOf(dataDir)).toBe(service);
  expect(startCommand(dataDir)).toBe(command);
});

test.each([undefined, 'garden'])('the data directory of the service %s is that of its unit', (instance) => {
  expect(serviceOf(systemDataDir(instance))).toBe(instance === undefined ? 'onvif-camera' : `onvif-camera@${instance}`);
});

describe('which settings file counts', () => {
  let dir: string;

  beforeEach(() => {
    dir = makeTempDir();
    mkdirSync(join(dir, 'onvif-camera'));
  });

  test('the one that was named, whatever there is', () => {
    writeFileSync(join(dir, 'onvif-camera.yaml'), '');
    expect(findConfigFile('mine.yaml', undefined, dir)).toEqual({ file: 'mine.yaml', asked: true, ofService: false });
    expect(findConfigFile('mine.yaml', 'garden', dir)).toEqual({ file: 'mine.yaml', asked: true, ofService: false });
  });

  test('else that of the working directory, else that of the service', () => {
    // Tests run where there is none.
    expect(findConfigFile(undefined, undefined, dir)).toEqual({ file: 'onvif-camera.yaml', asked: false, ofService: false });
    writeFileSync(join(dir, 'onvif-camera.yaml'), '');
    expect(findConfigFile(undefined, undefined, dir)).toEqual({ file: join(dir, 'onvif-camera.yaml'), asked: false, ofService: true });
  });

  test('that of a camera with a name, which has to be there', () => {
    expect(() => findConfigFile(undefined, 'garden', dir)).toThrow(
      expect.objectContaining({ code: 'CONFIG_UNREADABLE', exitCode: 2, hint: expect.stringContaining('service install --camera garden') }),
    );
    writeFileSync(join(dir, 'onvif-camera/garden.yaml'), '');
    expect(findConfigFile(undefined, 'garden', dir)).toEqual({ file: join(dir, 'onvif-camera/garden.yaml'), asked: true, ofService: true });
    expect(systemConfigFile('garden')).toBe('/etc/onvif-camera/garden.yaml');
  });

  test.each(['', '../etc/passwd', 'a/b', '-x', 'x'.repeat(33), 'a b', 'a.b'])('"%s" is no name of a camera', (name) => {
    expect(() => findConfigFile(undefined, name, dir)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});
