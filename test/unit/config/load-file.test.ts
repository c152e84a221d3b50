import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { schema, settings } from '../../../src/cli/settings.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { DEFAULT_CONFIG_FILE } from '../../../src/config/places.ts';
import type { Config } from '../../../src/config/schema.ts';
import { cameraOf, faultsOf, inFile, load } from '../../support/load-settings.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

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
