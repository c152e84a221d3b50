import { execFile } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ARCHITECTURE, Debian, obstacleToDebian } from '../support/debian.ts';
import { makeJpeg } from '../support/jpegs.ts';
import { describeNeeding } from '../support/programs.ts';

/** The .deb in Debian as it is on a Pi, but for systemd, which does not run in a chroot: its unit is started by hand. */

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
const STATE = '/var/lib/onvif-camera/state.json';
const SETTINGS = '/etc/onvif-camera.yaml';
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
const OLDER = '0.0.9';
const SOCKET = '/etc/systemd/system/sockets.target.wants/onvif-camera.socket';
const GARDEN = '/etc/systemd/system/multi-user.target.wants/onvif-camera@garden.service';

interface Seen {
  readonly uuid: string;
  readonly password: string;
  /** The first bytes of the picture, in hexadecimal, or why there was none. */
  readonly picture: string;
  readonly status: number;
  readonly page: number;
  readonly version: string;
  readonly camera: string;
  readonly code?: string;
  readonly exit: number;
  readonly said: string;
}
const JPEG = 'ffd8ff';

describeNeeding(obstacleToDebian(), 'The .deb', () => {
  let dir: string;
  let deb: string;
  let older: string;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'debian-package-'));
    await run(process.execPath, [join(ROOT, 'scripts/package.mjs'), ARCHITECTURE, '--out', dir]);
    deb = join(dir, `onvif-camera_${version}_${ARCHITECTURE}.deb`);
    // What an older version was, but for its program.
    const tree = join(dir, 'older');
    await run('dpkg-deb', ['--raw-extract', deb, tree]);
    const control = join(tree, 'DEBIAN/control');
    writeFileSync(control, readFileSync(control, 'utf8').replace(/^Version: .*$/m, `Version: ${OLDER}`));
    const manifest = join(tree, 'usr/lib/onvif-camera/package.json');
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(`"${version}"`, `"${OLDER}"`));
    older = join(dir, 'older.deb');
    await run('dpkg-deb', ['--build', '--root-owner-group', '-Zgzip', tree, older]);
  }, 300_000);
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  describe.each(['trixie', 'bookworm'])('in Debian %s', (suite) => {
    let debian: Debian;
    let before: string[];
    let accounts: string[];
    let first: Seen;
    const accountsNow = () => ['passwd', 'shadow', 'group', 'gshadow'].map((name) => debian.read(`/etc/${name}`));
    const see = async (): Promise<Seen> => {
      cpSync(join(ROOT, 'test/interop/debian/start-unit.mjs'), debian.path('/tmp/start-unit.mjs'));
      return JSON.parse(await debian.run(['node', '/tmp/start-unit.mjs'])) as Seen;
    };

    beforeAll(async () => {
      debian = await Debian.make(suite);
      before = debian.files();
      accounts = accountsNow();
    }, 600_000);
    afterAll(() => debian?.remove());

    test('is installed without systemd, and says that nothing was started', async () => {
      expect(await debian.install(older)).toContain('systemd does not run here');
      expect(await debian.run(['onvif-camera', '--version'])).toBe(`${OLDER}\n`);
      expect(await debian.run(['id', '--name', '--groups', '--real', 'onvif-camera'])).toMatch(/^onvif-camera.* video\b/);
      expect(await debian.run(['stat', '--format', '%U %a', '/var/lib/onvif-camera'])).toBe('onvif-camera 700\n');
      expect(debian.has('/etc/systemd/system/multi-user.target.wants/onvif-camera.service')).toBe(true);
    }, 120_000);

    test('serves a picture with the settings it comes with, started as its unit starts it', async () => {
      first = await see();
      expect(first).toMatchObject({ picture: JPEG, status: 200, page: 200, version: OLDER, exit: 0 });
      expect(await debian.run(['stat', '--format', '%U %a', STATE])).toBe('onvif-camera 600\n');
    }, 120_000);

    test('keeps settings, users and identity over an upgrade and a downgrade', async () => {
      // As the first version wrote it.
      const users = [{ name: 'admin', password: 'geheim-und-lang', level: 'Administrator' }];
      debian.write(STATE, JSON.stringify({ version: 1, uuid: first.uuid, users }));
      const settings = debian.read(SETTINGS).replace(/^#name:.*$/m, 'name: Garden');
      expect(settings).toContain('\nname: Garden');
      debian.write(SETTINGS, settings);
      for (const [package_, expected] of [
        [deb, version],
        [older, OLDER],
        [deb, version],
      ] as const) {
        await debian.install(package_);
        expect(debian.read(SETTINGS)).toBe(settings);
        expect(await see()).toMatchObject({ uuid: first.uuid, password: 'geheim-und-lang', picture: JPEG, version: expected });
      }
    }, 240_000);

    test('is installed even if the service does not start, and says why', async () => {
      // A systemd that starts nothing.
      const stubs = {
        systemctl: 'case "$*" in *InvocationID*) echo "run of $5" ;; esac',
        'deb-systemd-invoke': 'echo "Could not execute systemctl" >&2; [ "$1" != restart ]',
        journalctl: `case "$1" in
          _SYSTEMD_INVOCATION_ID="run of onvif-camera.service") echo "port 8080 is taken by motion" ;;
          _SYSTEMD_INVOCATION_ID=*) case "$*" in *--quiet*) ;; *) echo "-- No entries --" ;; esac ;;
          *) echo "what the start before said" ;;
        esac`,
      };
      // One of more cameras.
      symlinkSync('/usr/lib/systemd/system/onvif-camera@.service', debian.path(GARDEN));
      mkdirSync(debian.path('/run/systemd/system'), { recursive: true });
      mkdirSync(debian.path('/tmp/stubs'));
      for (const [name, body] of Object.entries(stubs)) {
        debian.write(`/tmp/stubs/${name}`, `#!/bin/sh\n${body}\n`);
        chmodSync(debian.path(`/tmp/stubs/${name}`), 0o755);
      }
      const said = await debian.install(deb, { PATH: '/tmp/stubs:/usr/sbin:/usr/bin:/sbin:/bin' });
      rmSync(debian.path('/run/systemd'), { recursive: true });
      expect(said).toMatch(/did not start:\n {2}port 8080 is taken by motion\n.*sudo systemctl restart onvif-camera\n/);
      // Where it has not even come to write something, there is what systemd said.
      expect(said).toMatch(/onvif-camera@garden.service did not start:\n {2}Could not execute systemctl\n.*restart onvif-camera@garden\n/);
      expect(said).not.toContain('the start before');
      expect(said.match(/did not start/g)).toHaveLength(2);
      expect(await debian.run(['dpkg', '--status', 'onvif-camera'])).toContain('Status: install ok installed');
    }, 120_000);

    test.each([
      ['that runs is started anew, whose old files are gone', true, 'runs. As it is disabled, it does not start with the machine. '],
      ['that does not run is left as it is', false, 'not started, as it is disabled'],
    ])(
      'a disabled camera %s',
      async (_what, runs, words) => {
        const stubs = {
          systemctl: `case "$*" in *"is-enabled onvif-camera.service") exit 1 ;; *"is-active onvif-camera.service") ${runs} ;; esac`,
          'deb-systemd-invoke': 'echo "invoked: $*" >> /tmp/stubs/invoked',
        };
        for (const [name, body] of Object.entries(stubs)) debian.write(`/tmp/stubs/${name}`, `#!/bin/sh\n${body}\n`);
        debian.write('/tmp/stubs/invoked', '');
        mkdirSync(debian.path('/run/systemd/system'), { recursive: true });
        const said = await debian.install(deb, { PATH: '/tmp/stubs:/usr/sbin:/usr/bin:/sbin:/bin' });
        rmSync(debian.path('/run/systemd'), { recursive: true });
        expect(said).toContain(`onvif-camera ${runs ? '' : 'is installed, and '}${words}`);
        // The one with a name is enabled, from the test before.
        const started = ['invoked: restart onvif-camera@garden.service', ...(runs ? ['invoked: restart onvif-camera.service'] : [])];
        expect(debian.read('/tmp/stubs/invoked').trim().split('\n')).toEqual(started);
      },
      120_000,
    );

    test('runs without the image library: pictures are shown, and the test pattern says what it lacks', async () => {
      rmSync(debian.path('/usr/lib/onvif-camera/node_modules'), { recursive: true });
      expect(await see()).toMatchObject({
        page: 200,
        status: 503,
        camera: 'failed',
        code: 'ENCODER_MISSING',
        picture: expect.stringContaining('sharp'),
      });
      mkdirSync(debian.path('/srv/pictures'));
      writeFileSync(debian.path('/srv/pictures/one.jpg'), makeJpeg());
      const settings = debian.read(SETTINGS);
      debian.write(SETTINGS, `${settings}\ncamera:\n  source: images:/srv/pictures\n`);
      expect(await see()).toMatchObject({ page: 200, picture: JPEG });
      debian.write(SETTINGS, settings);
      rmSync(debian.path('/srv/pictures'), { recursive: true });
    }, 120_000);

    test('leaves settings and state when it is removed, and nothing at all when it is purged', async () => {
      // As if ports were opened by systemd, and a second camera of this machine.
      mkdirSync(dirname(debian.path(SOCKET)), { recursive: true });
      symlinkSync('/usr/lib/systemd/system/onvif-camera.socket', debian.path(SOCKET));
      for (const folder of ['/etc/onvif-camera', '/var/lib/onvif-camera-garden']) mkdirSync(debian.path(folder));
      debian.write('/etc/onvif-camera/garden.yaml', 'name: Garden\n');
      const kept = [STATE, SETTINGS].map((file) => debian.read(file));
      await debian.run(['dpkg', '--remove', 'onvif-camera']);
      expect([STATE, SETTINGS].map((file) => debian.read(file))).toEqual(kept);
      expect(debian.files().filter((file) => /^\/usr\/.*onvif-camera/.test(file))).toEqual([]);
      await debian.run(['dpkg', '--purge', 'onvif-camera']);
      expect(accountsNow()).toEqual(accounts);
      // useradd makes copies of the files that it changes.
      const left = debian.files().filter((file) => !before.includes(file) && !/^\/etc\/g?shadow-$/.test(file));
      expect(left).toEqual([]);
    }, 60_000);
  });
});
