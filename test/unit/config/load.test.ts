import { describe, expect, test } from '@jest/globals';
import { cameraOf, faultsOf, inFile, load } from '../../support/load-settings.ts';

describe('rank', () => {
  const yaml = 'camera:\n  width: 800\n';
  const env = { ONVIF_CAMERA_CAMERA_WIDTH: '1024' };
  const flags = { width: '1920' };

  test('flag, then environment, then file, then default', async () => {
    expect((await cameraOf({ yaml, env, flags })).width).toBe(1920);
    expect((await cameraOf({ yaml, env })).width).toBe(1024);
    expect((await cameraOf({ yaml })).width).toBe(800);
    expect((await cameraOf({})).width).toBe(1280);
  });

  test('only the value that counts is checked', async () => {
    expect((await cameraOf({ yaml: 'camera: {width: huge}', env })).width).toBe(1024);
    expect(await faultsOf({ yaml, env: { ONVIF_CAMERA_CAMERA_WIDTH: 'huge' } })).toEqual([
      'ONVIF_CAMERA_CAMERA_WIDTH: camera.width is "huge"; it must be a whole number from 64 to 8192.',
    ]);
  });

  test('an empty variable counts as not set, an empty flag as empty', async () => {
    const annotated = 'camera:\n  annotate: "%T"\n';
    expect((await cameraOf({ yaml: annotated, env: { ONVIF_CAMERA_CAMERA_ANNOTATE: '' } })).annotate).toBe('%T');
    expect((await load({ env: { ONVIF_CAMERA_HTTP_PORT: '' } })).config.http.port).toBe(8080);
    expect((await cameraOf({ yaml: annotated, flags: { annotate: '' } })).annotate).toBe('');
    expect(await faultsOf({ flags: { width: '' } })).toEqual(['--width: camera.width is ""; it must be a whole number from 64 to 8192.']);
  });
});

describe('a section in a section', () => {
  test('is reached by flag, variable and file', async () => {
    const yaml = 'rtsp:\n  multicast:\n    enabled: on\n    port: 6000\n    ttl: 4\n';
    const flags = { 'rtsp-multicast-address': '239.1.2.3' };
    const { config, explicit } = await load({ yaml, env: { ONVIF_CAMERA_RTSP_MULTICAST_PORT: '6002' }, flags });
    expect(config.rtsp.multicast).toEqual({ enabled: true, address: '239.1.2.3', port: 6002, ttl: 4 });
    expect(config.rtsp).toMatchObject({ enabled: true, port: 8554, basic: false });
    expect([...explicit].sort()).toEqual(['address', 'enabled', 'port', 'ttl'].map((key) => `rtsp.multicast.${key}`));
  });

  test.each([
    [
      'address: 192.168.1.5',
      'rtsp.multicast.address is "192.168.1.5"; it must be an IPv4 multicast address that no other protocol has, best one in 239.255.0.0/16, or empty.',
    ],
    [
      'address: 224.0.0.251',
      'rtsp.multicast.address is "224.0.0.251"; it must be an IPv4 multicast address that no other protocol has, best one in 239.255.0.0/16, or empty.',
    ],
    [
      'address: "ff02::1"',
      'rtsp.multicast.address is "ff02::1"; it must be an IPv4 multicast address that no other protocol has, best one in 239.255.0.0/16, or empty.',
    ],
    [
      'port: 5005',
      'rtsp.multicast.port is 5005; it must be an even number from 1024 to 65528, away from 1900, 3702, 5353, which discovery has.',
    ],
    ...['239.255.255.250', '224.0.1.129', '224.2.127.254'].map((address): [string, string] => [
      `address: ${address}`,
      `rtsp.multicast.address is "${address}"; it must be an IPv4 multicast address that no other protocol has, best one in 239.255.0.0/16, or empty.`,
    ]),
    ...[1900, 1898, 1896, 1894, 3700, 3698, 3696, 5346, 5348, 5350, 5352].map((port): [string, string] => [
      `port: ${port}`,
      `rtsp.multicast.port is ${port}; it must be an even number from 1024 to 65528, away from 1900, 3702, 5353, which discovery has.`,
    ]),
    [
      'port: 65530',
      'rtsp.multicast.port is 65530; it must be an even number from 1024 to 65528, away from 1900, 3702, 5353, which discovery has.',
    ],
    ['tll: 1', 'there is no setting rtsp.multicast.tll. Did you mean rtsp.multicast.ttl?'],
  ])('%s is a fault with its place', async (line, fault) => {
    expect(await faultsOf({ yaml: `rtsp:\n  multicast:\n    ${line}\n` })).toEqual([inFile(3, fault)]);
  });
});

test('several faults are told at once, wherever they are', async () => {
  const faults = await faultsOf({
    yaml: 'camera:\n  heigth: 1\n  fps: 1000\n',
    env: { ONVIF_CAMERA_WIDTH: '640', ONVIF_CAMERA_AUTH: 'off', ONVIF_CAMERA_LOG_LEVEL: 'loud', ONVIF_CAMERA_PASSWORD: 'secret' },
    flags: { roi: '0,0,2', 'http-port': '-1' },
  });
  expect(faults).toEqual([
    inFile(2, 'there is no setting camera.heigth. Did you mean camera.height?'),
    'ONVIF_CAMERA_WIDTH: there is no such setting. Did you mean ONVIF_CAMERA_CAMERA_WIDTH?',
    'ONVIF_CAMERA_AUTH: there is no such setting. Did you mean ONVIF_CAMERA_AUTH_ENABLED?',
    inFile(3, 'camera.fps is 1000; it must be a number from 0.1 to 120.'),
    '--roi: camera.roi is [0,0,2]; it must be 4 numbers from 0 to 1, or none.',
    '--http-port: http.port is -1; it must be a whole number from 0 to 65535.',
    'ONVIF_CAMERA_LOG_LEVEL: log.level is "loud"; it must be one of debug, info, warn, error, silent.',
  ]);
});

test.each(['auth:\n  password: hunter2\n', 'auth:\n  user: hunter2\n'])(
  '%j: how the password is set, and not the one that was written',
  async (yaml) => {
    const [fault, ...others] = await faultsOf({ yaml });
    expect(others).toEqual([]);
    expect(fault).toMatch(
      /^onvif-camera\.yaml line 2: there is no setting auth\.\w+\. .*ONVIF_CAMERA_PASSWORD=.*shown at the first start\.$/,
    );
    expect(fault).not.toContain('hunter2');
  },
);

test('an unknown key alone is enough, and other programs’ variables are not looked at', async () => {
  expect(await faultsOf({ yaml: 'nmae: x', env: { PATH: '/bin', ONVIF: 'x', MY_ONVIF_CAMERA_NAME: 'y' } })).toEqual([
    inFile(1, 'there is no setting nmae. Did you mean name?'),
  ]);
});
