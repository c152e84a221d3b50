import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { schema, settings } from '../../../src/cli/settings.ts';
import { type LoadedConfig, loadConfig } from '../../../src/config/load.ts';
import { DEFAULT_CONFIG_FILE } from '../../../src/config/places.ts';
import type { Config } from '../../../src/config/schema.ts';
import { AppError } from '../../../src/core/errors.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

interface Given {
  yaml?: string;
  env?: Record<string, string>;
  flags?: Record<string, string | boolean>;
}

/** Loads with `yaml` as the default file, in a directory of its own. */
function load({ yaml, env = {}, flags = {} }: Given): Promise<LoadedConfig> {
  const defaultFile = join(makeTempDir(), DEFAULT_CONFIG_FILE);
  if (yaml !== undefined) writeFileSync(defaultFile, yaml);
  return loadConfig(schema, settings, { flags, env, file: undefined, defaultFile });
}

const cameraOf = async (given: Given): Promise<Config['camera']> => (await load(given)).config.camera;

/** The lines of the error that loading ends with. */
async function faultsOf(given: Given): Promise<string[]> {
  const error = await load(given).catch((thrown: unknown) => thrown);
  if (!(error instanceof AppError)) throw new Error(`expected an AppError, got ${JSON.stringify(error)}`);
  expect(error.code).toBe('CONFIG_INVALID');
  expect(error.exitCode).toBe(2);
  return error.message.split('\n');
}

const inFile = (line: number, text: string) => `onvif-camera.yaml line ${line}: ${text}`;

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

describe('the file', () => {
  test('a missing default file is no fault, a missing file that was asked for is', async () => {
    const dir = makeTempDir();
    const defaultFile = join(dir, DEFAULT_CONFIG_FILE);
    expect((await loadConfig(schema, settings, { flags: {}, env: {}, file: undefined, defaultFile })).file).toBeUndefined();
    const asked = join(dir, 'mine.yaml');
    await expect(loadConfig(schema, settings, { flags: {}, env: {}, file: asked, defaultFile })).rejects.toMatchObject({
      code: 'CONFIG_UNREADABLE',
      exitCode: 2,
      message: expect.stringContaining(asked),
    });
  });

  test('what cannot be read is told in words that help', async () => {
    const dir = makeTempDir();
    const [missing, latin1, utf16] = ['missing.yaml', 'latin1.yaml', 'utf16.yaml'].map((name) => join(dir, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(latin1, Buffer.from('name: Haustür\n', 'latin1'));
    writeFileSync(utf16, Buffer.from('\ufeffname: x\n', 'utf16le'));
    const reading = (file: string) => loadConfig(schema, settings, { flags: {}, env: {}, file, defaultFile: 'unused' });
    const code = 'CONFIG_UNREADABLE';
    await expect(reading(missing)).rejects.toMatchObject({
      ...{ code, message: `There is no settings file ${missing}.`, hint: expect.stringContaining(`Looked for was ${missing}.`) },
    });
    await expect(reading(dir)).rejects.toMatchObject({
      ...{ code, message: `${dir} is a directory, not a settings file.`, hint: `Name a file: --config ${join(dir, DEFAULT_CONFIG_FILE)}` },
    });
    for (const file of [latin1, utf16])
      await expect(reading(file)).rejects.toMatchObject({ code, message: `The settings file ${file} is not written in UTF-8.` });
  });

  test('the one that was asked for takes the place of the default file', async () => {
    const dir = makeTempDir();
    const [file, defaultFile] = [join(dir, 'mine.yaml'), join(dir, DEFAULT_CONFIG_FILE)];
    writeFileSync(file, 'name: mine');
    writeFileSync(defaultFile, 'name: default\nbind: 127.0.0.1');
    const loaded = await loadConfig(schema, settings, { flags: {}, env: {}, file, defaultFile });
    expect(loaded.file).toBe(file);
    expect(loaded.config).toMatchObject({ name: 'mine', bind: '0.0.0.0' });
  });

  test('a default file that is there and cannot be read is a fault', async () => {
    const defaultFile = join(makeTempDir(), DEFAULT_CONFIG_FILE);
    mkdirSync(defaultFile);
    const loading = loadConfig(schema, settings, { flags: {}, env: {}, file: undefined, defaultFile });
    await expect(loading).rejects.toMatchObject({ code: 'CONFIG_UNREADABLE' });
  });

  test.each([
    ['nothing', ''],
    ['only comments', '# nothing yet\n'],
    ['sections without content', 'camera:\nhttp: ~\nlog: {}\n'],
    ['keys without values', 'name:\ncamera:\n  annotate:\n  width: ~\n  fps: null\nhttp: {port}\n'],
  ])('%s leaves everything at its default', async (_, yaml) => {
    expect((await load({ yaml })).config).toEqual((await load({})).config);
  });

  test('Windows line ends, a byte order mark and dotted keys', async () => {
    const { config } = await load({ yaml: '\ufeffname: x\r\ncamera:\r\n  width: 640\r\nhttp.port: 81\r\n' });
    expect(config).toMatchObject({ name: 'x', camera: { width: 640 }, http: { port: 81 } });
  });

  test.each<[string, Partial<Config['camera']>]>([
    ['width: "800"', { width: 800 }],
    ['fps: 0.5', { fps: 0.5 }],
    ['ev: -1', { ev: -1 }],
    ['hflip: on', { hflip: true }],
    ['hflip: true', { hflip: true }],
    ['hflip: No', { hflip: false }],
    ['denoise: off', { denoise: 'off' }],
    ['annotate: 2026', { annotate: '2026' }],
    ['annotate: 007', { annotate: '007' }],
    ['annotate: "null"', { annotate: 'null' }],
    ['idleTimeout: always', { idleTimeout: 'always' }],
    ['idleTimeout: 0', { idleTimeout: 0 }],
    ['lensPosition: default', { lensPosition: 'default' }],
    ['lensPosition: 0', { lensPosition: 0 }],
    ['lensPosition: ""', { lensPosition: '' }],
    ['roi: [0.25, 0.25, 0.5, .5]', { roi: [0.25, 0.25, 0.5, 0.5] }],
    ['roi: 0.25,0.25,0.5,0.5', { roi: [0.25, 0.25, 0.5, 0.5] }],
    ['awbGains:\n    - 1.5\n    - "2"', { awbGains: [1.5, 2] }],
    ['extraArgs: [--buffer-count, 6, --mode, 1640:1232, "a b"]', { extraArgs: ['--buffer-count', '6', '--mode', '1640:1232', 'a b'] }],
    ['extraArgs: --buffer-count 6', { extraArgs: ['--buffer-count', '6'] }],
    ['source: images:/home/pi/my pictures', { source: 'images:/home/pi/my pictures' }],
  ])('%j', async (line, expected) => {
    expect(await cameraOf({ yaml: `camera:\n  ${line}\n` })).toMatchObject(expected);
  });
});

describe('what the file has wrong is told with its line', () => {
  test.each<[string, string[]]>([
    ['name: x\ncamera:\n  width: wide\n', [inFile(3, 'camera.width is "wide"; it must be a whole number from 64 to 8192.')]],
    ['camera:\n  width: 1e999\n', [inFile(2, 'camera.width is Infinity; it must be a whole number from 64 to 8192.')]],
    ['camera:\n  width: [1, 2]\n', [inFile(2, 'camera.width is ["1","2"]; it must be a whole number from 64 to 8192.')]],
    ['camera:\n  annotate:\n    text: x\n', [inFile(2, 'camera.annotate is no single value; it must be text of at most 255 characters.')]],
    ['camera:\n  hflip: maybe\n', [inFile(2, 'camera.hflip is "maybe"; it must be on or off.')]],
    ['camera:\n  rotation: 45\n', [inFile(2, 'camera.rotation is 45; it must be one of 0, 90, 180, 270.')]],
    ['camera:\n  awbGains: [1.5]\n', [inFile(2, 'camera.awbGains is [1.5]; it must be 2 numbers from 0 to 32, or none.')]],
    ['camera:\n  awbGains: [1.5, blue]\n', [inFile(2, 'camera.awbGains is [1.5,"blue"]; it must be 2 numbers from 0 to 32, or none.')]],
    ['dataDir: ~/camera\n', [inFile(1, 'dataDir is "~/camera"; it must be a path of at most 4096 characters, written out without ~.')]],
    [
      'camera:\n  tuningFile: "~pi/x.json"\n',
      [inFile(2, 'camera.tuningFile is "~pi/x.json"; it must be a path of at most 4096 characters, written out without ~.')],
    ],
    ['name: ""\n', [inFile(1, 'name is ""; it must be a text of 1 to 64 characters.')]],
    ['\n\nhttp: {port: 65536}', [inFile(3, 'http.port is 65536; it must be a whole number from 0 to 65535.')]],
    [
      'camera:\n  source: v4l2:video0\n',
      [inFile(2, 'camera.source is "v4l2:video0"; it must be auto, rpicam, rpicam:1, v4l2, v4l2:/dev/video0, images:DIR or test.')],
    ],
    ['camera:\n  widht: 640\n', [inFile(2, 'there is no setting camera.widht. Did you mean camera.width?')]],
    ['camra:\n  width: 640\n', [inFile(1, 'there is no setting camra. Did you mean camera?')]],
    ['name: x\nwidth: 640\n', [inFile(2, 'there is no setting width. Did you mean camera.width?')]],
    ['camera:\n  idle-timeout: 5\n', [inFile(2, 'there is no setting camera.idle-timeout. Did you mean camera.idleTimeout?')]],
    ['colour: red\n', [inFile(1, 'there is no setting colour.')]],
    // Never a section where there is a value, nor a value where there is a section.
    ['h265: on\n', [inFile(1, 'there is no setting h265.')]],
    ['nmae:\n  width: 640\n', [inFile(1, 'there is no setting nmae.')]],
    ['video:\n  width: 640\n', [inFile(1, 'there is no setting video. Did you mean camera?')]],
    [
      'camera:\n  resolution: 640x480\n',
      [inFile(2, 'there is no setting camera.resolution. Did you mean camera.width and camera.height?')],
    ],
    ['rtsp:\n  prot: 554\n', [inFile(2, 'there is no setting rtsp.prot. Did you mean rtsp.port?')]],
    ['__proto__: {width: 1}\n', [inFile(1, 'there is no setting __proto__.')]],
    ['1: 2\n? [a]\n: b\n', [inFile(1, 'there is no setting 1.'), inFile(2, 'there is no setting ["a"].')]],
    ['name: x\nauth: off\n', [inFile(2, 'auth must be followed by indented lines with a key and a value, such as "enabled: …".')]],
    ['camera:\n  - width\n', [inFile(2, 'camera must be followed by indented lines with a key and a value, such as "source: …".')]],
    ['just text\n', [inFile(1, 'the file must have lines with a key and a value, such as "name: …".')]],
    ['- name\n', [inFile(1, 'the file must have lines with a key and a value, such as "name: …".')]],
  ])('%j', async (yaml, expected) => {
    expect(await faultsOf({ yaml })).toEqual(expected);
  });

  test.each<[string, RegExp]>([
    ['name: "x\ncamera:\n', /line 3: Missing closing "quote/],
    ['camera:\n  annotate: %F %T\n', /line 2: .*character %\. Put the value in quotes\.$/],
    ['camera:\n\twidth: 640\n', /line 2: Tabs are not allowed/],
    ['name: x\nname: y\n', /line 2: .*unique/],
    ['name: x: y\n', /line 1: /],
    ['name: x\nmore\n', /line 2: /],
    ['name: x\n---\nname: y\n', /line 2: /],
    ['camera: {width: 640\n', /line [12]: /],
    [
      'name: x\nhttp:\n  port: 1\nhttp:\n  port: 2\n',
      /line 4: http stands there for the second time, .* Put the lines of both together, or delete one\.$/,
    ],
    ['"name": x\n"name": y\n', /line 2: name stands there for the second time, and keys must be unique/],
    ['camera:\n\twidth: 640\n', /line 2: .* Put two spaces in place of each tab\.$/],
    ['name: Front: door\n', /line 1: .* Put a value that has a colon in it in quotes, /],
    ['camera:\n width: 640\n  height: 480\n', /line 2: .* let all keys of a section begin in the same column\.$/],
    ["name: 'it's'\n", /line 1: .* Put the whole value in quotes\.$/],
    ['name: "x\n', /line 2: Missing closing "quote\. It was opened here or further up/],
    ['camera: {width: 640\n', /It was opened here or further up/],
    ['name: x\nmore\n', /line 2: .* Each key is followed by a colon, a space and its value\.$/],
    ['name: "C:\\q"\n', /line 1: .* Put the value in single quotes/],
    ['name: x\n---\nname: y\n', /line 2: a line of three dashes begins a second document, .* Delete that line\.$/],
    // Aliases are no values; above all they must not blow up or go round in circles.
    ['name: *nobody\n', /line 1: name is no single value/],
    ['camera:\n  roi: &a [*a, 0, 0, 0]\n', /line 2: camera\.roi is \[\{},0,0,0]/],
    ['camera: &c {width: 640}\nhttp: *c\n', /line 2: http must be followed by/],
  ])('faulty YAML %j', async (yaml, expected) => {
    const faults = await faultsOf({ yaml });
    expect(faults[0]).toMatch(expected);
    expect(faults[0]).toMatch(/^onvif-camera\.yaml /);
  });

  test('one fault a line: what follows from it is left out', async () => {
    for (const yaml of ['camera:\n width: 640\n  height: 480\n', 'name: a: b: c: d\n']) expect(await faultsOf({ yaml })).toHaveLength(1);
  });

  test.each([
    ['camera:\n  width 640\n', inFile(2, 'between width and its value there must be a colon and a space, as in "width: 640".')],
    ['camera:\n  width:640\n', inFile(2, 'between width and its value there must be a colon and a space, as in "width: 640".')],
    ['name:Front door\n', inFile(1, 'between name and its value there must be a colon and a space, as in "name: Front door".')],
  ])('%j: the colon and the space', async (yaml, fault) => {
    expect(await faultsOf({ yaml })).toEqual([fault]);
  });

  test('the name is that of the file, without its directory', async () => {
    const file = join(makeTempDir(), 'garden.yaml');
    writeFileSync(file, 'camera:\n  fps: 0\n');
    await expect(loadConfig(schema, settings, { flags: {}, env: {}, file, defaultFile: 'unused' })).rejects.toMatchObject({
      message: 'garden.yaml line 2: camera.fps is 0; it must be a number from 0.1 to 120.',
    });
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
