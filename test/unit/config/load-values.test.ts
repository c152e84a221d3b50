import { describe, expect, test } from '@jest/globals';
import { settings } from '../../../src/cli/settings.ts';
import type { Config } from '../../../src/config/schema.ts';
import { cameraOf, faultsOf, load } from '../../support/load-settings.ts';

describe('values written as text', () => {
  test.each<[string, string, Partial<Config['camera']>]>([
    ['roi', '0.25,0.25,0.5,0.5', { roi: [0.25, 0.25, 0.5, 0.5] }],
    ['roi', '', { roi: [] }],
    ['awb-gains', ' 1.5, 2 ', { awbGains: [1.5, 2] }],
    ['ev', '-1.5', { ev: -1.5 }],
    ['ev', '+2', { ev: 2 }],
    ['brightness', '-.5', { brightness: -0.5 }],
    ['width', '1e3', { width: 1000 }],
    ['idle-timeout', 'always', { idleTimeout: 'always' }],
    ['idle-timeout', '0', { idleTimeout: 0 }],
    ['lens-position', 'default', { lensPosition: 'default' }],
    ['lens-position', '', { lensPosition: '' }],
    ['extra-args', ' --mode  1640:1232 ', { extraArgs: ['--mode', '1640:1232'] }],
    ['extra-args', '', { extraArgs: [] }],
    ['annotate', '5', { annotate: '5' }],
    ['source', 'images:x:y', { source: 'images:x:y' }],
  ])('--%s=%s', async (flag, text, expected) => {
    expect(await cameraOf({ flags: { [flag]: text } })).toMatchObject(expected);
    const { variable } = settings.find((setting) => setting.flag === flag)!;
    if (text !== '') expect(await cameraOf({ env: { [variable]: text } })).toMatchObject(expected);
  });

  test.each([
    ['on', true],
    ['ON', true],
    ['true', true],
    ['yes', true],
    ['1', true],
    ['off', false],
    ['False', false],
    ['no', false],
    ['0', false],
  ])('%s is %s', async (text, expected) => {
    expect((await load({ flags: { auth: text } })).config.auth.enabled).toBe(expected);
    expect((await load({ env: { ONVIF_CAMERA_AUTH_ENABLED: text } })).config.auth.enabled).toBe(expected);
    expect((await cameraOf({ env: { ONVIF_CAMERA_CAMERA_HFLIP: text } })).hflip).toBe(expected);
  });

  test.each(['0x10', '1,5', '12 px', 'NaN', 'Infinity', '--5', '1e', '.'])('%s is no number', async (text) => {
    expect(await faultsOf({ flags: { fps: text } })).toEqual([`--fps: camera.fps is "${text}"; it must be a number from 0.1 to 120.`]);
  });

  test('switches come as booleans', async () => {
    expect((await cameraOf({ yaml: 'camera: {hflip: on}', flags: { hflip: false, vflip: true } })).hflip).toBe(false);
  });
});

describe('limits', () => {
  test('port 0 picks a free one', async () => {
    expect((await load({ flags: { 'http-port': '0' } })).config.http.port).toBe(0);
  });

  test.each(['0.0.0.0', '127.0.0.1', '::', '::1', 'fe80::1', 'localhost'])('bind %s', async (bind) => {
    expect((await load({ flags: { bind } })).config.bind).toBe(bind);
  });

  test.each(['', 'example.org', '1.2.3', '256.1.1.1', '0.0.0.0:80', '*'])('no bind %j', async (bind) => {
    expect(await faultsOf({ flags: { bind } })).toEqual([
      `--bind: bind is "${bind}"; it must be an IP address of this machine, or localhost.`,
    ]);
  });

  /** Values that no setting of a kind takes. */
  const BAD = {
    integer: '1.5',
    number: '1000000',
    boolean: 'x',
    choice: 'x',
    text: 'x'.repeat(5000),
    numbers: '1,2,3,4,5',
    words: undefined,
    mixed: '-1',
  };
  test.each(settings.filter(({ kind }) => BAD[kind] !== undefined).map((setting) => [setting.key, setting] as const))(
    'a wrong %s is told, and nothing else',
    async (_, setting) => {
      const faults = await faultsOf({ env: { [setting.variable]: BAD[setting.kind]! } });
      expect(faults).toHaveLength(1);
      expect(faults[0]).toMatch(new RegExp(`^${setting.variable}: ${setting.key} is .*; it must be `));
      expect(faults[0]).toContain(setting.allowed);
    },
  );
});
