import { describe, expect, test } from '@jest/globals';
import { settings } from '../../../src/cli/settings.ts';
import { adviseOnSection, adviseOnSetting, remarkOn, SECTION_SYNONYMS, SYNONYMS } from '../../../src/config/unknown.ts';

const keys = settings.map(({ key }) => key);
const sections = [...new Set(keys.filter((key) => key.includes('.')).map((key) => key.slice(0, key.lastIndexOf('.'))))];

describe('every synonym', () => {
  test('leads to what there is, and is none itself', () => {
    for (const [word, targets] of SYNONYMS) {
      expect(word).toMatch(/^[a-z\d]+$/);
      expect(keys).toEqual(expect.arrayContaining([...targets]));
      expect(keys).not.toContain(word);
    }
    for (const [word, target] of SECTION_SYNONYMS) {
      expect(sections).toContain(target);
      expect(sections).not.toContain(word);
    }
  });

  test.each([...SYNONYMS])('%s leads to %j as key, flag and variable', (word, targets) => {
    const named = targets.map((target) => settings.find(({ key }) => key === target)!);
    const meant = (names: readonly string[]) => ` Did you mean ${names.join(' and ')}?`;
    expect(adviseOnSetting(word, settings, 'key')).toBe(meant(named.map(({ key }) => key)));
    expect(adviseOnSetting(`--${word}`, settings, 'flag')).toBe(meant(named.map(({ flag }) => `--${flag}`)));
    const variable = `ONVIF_CAMERA_${word.toUpperCase()}`;
    expect(adviseOnSetting(variable, settings, 'variable')).toBe(meant(named.map((each) => each.variable)));
  });
});

describe('the name of a setting that there is none of', () => {
  test.each([
    // Where siblings and others are as near, siblings are meant.
    ['rtsp.prot', 'rtsp.port'],
    ['http.prot', 'http.port'],
    ['rtsp.multicast.prot', 'rtsp.multicast.port'],
    ['h264.hight', 'h264.height'],
    ['camera.hight', 'camera.height'],
    ['auth.enable', 'auth.enabled'],
    ['auth.window', 'auth.clockWindow'],
    // What others call it, in the section that was named.
    ['resolution', 'camera.width and camera.height'],
    ['camera.resolution', 'camera.width and camera.height'],
    ['h264.resolution', 'h264.width and h264.height'],
    ['camera.frameRate', 'camera.fps'],
    ['h264.frame_rate', 'h264.fps'],
    ['rotate', 'camera.rotation'],
    ['camera.rotate', 'camera.rotation'],
    ['port', 'http.port'],
    ['onvif.port', 'http.port'],
    ['web.port', 'http.port'],
    ['http.address', 'bind'],
    ['camera.bitrate', 'h264.bitrate'],
    // In another section, or in none.
    ['fps', 'camera.fps'],
    ['camera.name', 'name'],
    ['http.bind', 'bind'],
    ['idle_timeout', 'camera.idleTimeout'],
    ['loglevel', 'log.level'],
    ['data_dir', 'dataDir'],
  ])('%s: %s', (asked, meant) => {
    expect(adviseOnSetting(asked, settings, 'key')).toBe(` Did you mean ${meant}?`);
  });

  test.each([
    ['--framerate', '--fps'],
    ['--frame-rate', '--fps'],
    ['--camera-width', '--width'],
    ['--camera-rotate', '--rotation'],
    ['--h264-resolution', '--h264-width and --h264-height'],
    ['--multicast', '--rtsp-multicast'],
    ['--no-discovery', '--discovery'],
    ['--httpport', '--http-port'],
    ['--ip', '--bind'],
    ['--confg', '--config'],
    ['--versoin', '--version'],
  ])('%s: %s', (asked, meant) => {
    expect(adviseOnSetting(asked, settings, 'flag', ['--config', '--version'])).toBe(` Did you mean ${meant}?`);
  });

  test.each([
    ['ONVIF_CAMERA_PORT', 'ONVIF_CAMERA_HTTP_PORT'],
    ['ONVIF_CAMERA_FRAME_RATE', 'ONVIF_CAMERA_CAMERA_FPS'],
    ['ONVIF_CAMERA_PASSWROD', 'ONVIF_CAMERA_PASSWORD'],
    ['ONVIF_CAMERA_DATADIR', 'ONVIF_CAMERA_DATA_DIR'],
  ])('%s: %s', (asked, meant) => {
    expect(adviseOnSetting(asked, settings, 'variable', ['ONVIF_CAMERA_PASSWORD'])).toBe(` Did you mean ${meant}?`);
  });

  test.each(['password', 'auth.password', 'auth.user', 'username', 'http.pass', '--user', '--auth-password', 'ONVIF_CAMERA_USER'])(
    '%s: how the password is set',
    (asked) => {
      for (const advice of [remarkOn(asked), adviseOnSetting(asked, settings, asked.startsWith('--') ? 'flag' : 'key')]) {
        expect(advice).toContain('ONVIF_CAMERA_PASSWORD=');
        expect(advice).toContain('shown at the first start');
        expect(advice).not.toContain('Did you mean');
      }
    },
  );

  test.each(['https', 'http.tls', '--ssl', 'ssl.cert'])('%s: a proxy', (asked) => {
    expect(adviseOnSetting(asked, settings, 'key')).toMatch(/HTTPS a proxy such as/);
  });

  test.each(['frobnicate', '-x', '', '.', '__proto__', 'constructor', '1', 'x'.repeat(100_000)])('%j: nothing', (asked) => {
    for (const kind of ['key', 'flag', 'variable'] as const) expect(adviseOnSetting(asked, settings, kind)).toBe('');
    expect(adviseOnSection(asked, sections)).toBe('');
  });
});

test.each([
  ['camra', ' Did you mean camera?'],
  ['Http', ' Did you mean http?'],
  ['web', ' Did you mean http?'],
  ['video', ' Did you mean camera?'],
  ['rtsp.multcast', ' Did you mean rtsp.multicast?'],
  ['widht', ''],
])('a section %s:%s', (asked, advice) => {
  expect(adviseOnSection(asked, sections)).toBe(advice);
});

test('a section of users tells how the password is set', () => {
  expect(adviseOnSection('users', sections)).toContain('ONVIF_CAMERA_PASSWORD=');
});
