import { describe, expect, test } from '@jest/globals';
import { DEFAULT_CAMERA_SETTINGS } from '../../../src/camera/defaults.ts';
import { readArguments } from '../../../src/cli/arguments.ts';
import { COMMON_FLAGS } from '../../../src/cli/command.ts';
import { actionsOf, COMMANDS } from '../../../src/cli/commands/index.ts';
import { helpText, usageOf } from '../../../src/cli/help.ts';
import { schema, settings } from '../../../src/cli/settings.ts';
import { AppError } from '../../../src/core/errors.ts';

const actions = actionsOf(COMMANDS);

function usageError(...argv: string[]): AppError {
  try {
    readArguments(argv);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error(`${argv.join(' ')} was accepted`);
}

describe('the settings', () => {
  test.each(['key', 'flag', 'variable'] as const)('no two share a %s', (name) => {
    const all = settings.map((setting) => setting[name]);
    expect(all.length).toBeGreaterThan(30);
    expect(all.filter((each, at) => all.indexOf(each) !== at)).toEqual([]);
  });

  test('no flag is that of the command itself, nor the negation of another', () => {
    const flags = settings.map((setting) => setting.flag);
    const others = [...COMMON_FLAGS, ...actions.flatMap(([, action]) => action.flags)].map(({ name }) => name);
    for (const taken of ['token', 'password', ...others]) expect(flags).not.toContain(taken);
    expect(flags.filter((flag) => flag.startsWith('no-'))).toEqual([]);
  });

  test.each([
    ['camera.source', 'source', 'ONVIF_CAMERA_CAMERA_SOURCE'],
    ['camera.idleTimeout', 'idle-timeout', 'ONVIF_CAMERA_CAMERA_IDLE_TIMEOUT'],
    ['camera.rpicamPath', 'rpicam-path', 'ONVIF_CAMERA_CAMERA_RPICAM_PATH'],
    ['dataDir', 'data-dir', 'ONVIF_CAMERA_DATA_DIR'],
    ['http.port', 'http-port', 'ONVIF_CAMERA_HTTP_PORT'],
    ['auth.enabled', 'auth', 'ONVIF_CAMERA_AUTH_ENABLED'],
    ['rtsp.enabled', 'rtsp', 'ONVIF_CAMERA_RTSP_ENABLED'],
    ['rtsp.port', 'rtsp-port', 'ONVIF_CAMERA_RTSP_PORT'],
    ['rtsp.multicast.enabled', 'rtsp-multicast', 'ONVIF_CAMERA_RTSP_MULTICAST_ENABLED'],
    ['rtsp.multicast.ttl', 'rtsp-multicast-ttl', 'ONVIF_CAMERA_RTSP_MULTICAST_TTL'],
    ['h264.keyframeInterval', 'h264-keyframe-interval', 'ONVIF_CAMERA_H264_KEYFRAME_INTERVAL'],
    ['log.level', 'log-level', 'ONVIF_CAMERA_LOG_LEVEL'],
  ])('%s is --%s and %s', (key, flag, variable) => {
    expect(settings.find((setting) => setting.key === key)).toMatchObject({ flag, variable });
  });

  test('the defaults are those of the contract, and of the camera', () => {
    const defaults = schema.parse({});
    expect(defaults).toMatchObject({
      name: 'Pi Camera',
      bind: '0.0.0.0',
      camera: { source: 'auto', width: 1280, height: 720, fps: 15, quality: 75, rotation: 0, idleTimeout: 30 },
      http: { port: 8080 },
      rtsp: { enabled: true, port: 8554 },
      auth: { enabled: true },
      log: { level: 'info' },
    });
    const { source: _, encoding: _encoding, idleTimeout: __, rpicamPath: ___, ...picture } = defaults.camera;
    expect(picture).toEqual(DEFAULT_CAMERA_SETTINGS);
  });
});

describe('readArguments', () => {
  test('nothing means serve', () => {
    expect(readArguments([])).toEqual({ command: 'serve', positionals: [], flags: {}, config: undefined, help: false, version: false });
  });

  test('command, its arguments and flags in any order', () => {
    const args = readArguments(['--width', '640', 'snapshot', '--config=x.yaml', 'a.jpg', '--hflip']);
    expect(args).toMatchObject({
      command: 'snapshot',
      positionals: ['a.jpg'],
      flags: { width: '640', hflip: true },
      config: 'x.yaml',
    });
  });

  test.each(['--help', '-h', '-?'])('%s', (flag) => {
    expect(readArguments(['snapshot', flag])).toEqual({
      ...{ command: 'snapshot', positionals: [], flags: {}, config: undefined, help: true, version: false },
    });
  });

  test.each([[['help']], [['help', 'help']]])('%j is --help', (argv) => {
    expect(readArguments(argv)).toEqual(readArguments(['--help']));
  });

  test('help COMMAND is --help of the command', () => {
    expect(readArguments(['help', 'discover'])).toEqual(readArguments(['discover', '--help']));
  });

  test.each(['--version', '-v', '-V', 'version'])('%s', (word) => {
    expect(readArguments([word])).toEqual({
      ...{ command: 'serve', positionals: [], flags: {}, config: undefined, help: false, version: true },
    });
  });

  test('every setting has a flag', () => {
    for (const setting of settings) {
      const isSwitch = ['camera.hflip', 'camera.vflip', 'rtsp.metadata', 'rtsp.basic', 'system.manage'].includes(setting.key);
      const { flags } = readArguments(isSwitch ? [`--${setting.flag}`] : [`--${setting.flag}`, 'value']);
      expect(flags).toEqual({ [setting.flag]: isSwitch ? true : 'value' });
    }
  });

  test('flags of one command are refused for others', () => {
    expect(readArguments(['discover', '--json', '--timeout', '5']).flags).toEqual({ json: true, timeout: '5' });
    for (const argv of [['--timeout=5'], ['snapshot', 'a.jpg', '--timeout=5']])
      expect(usageError(...argv).message).toBe('--timeout is an option of the command discover.');
    for (const argv of [
      ['--token-file', 'x'],
      ['discover', '--as=onvif'],
    ])
      expect(usageError(...argv).message).toMatch(/^--(token-file|as) is an option of the command homeassistant\.$/);
  });

  test('a setting is refused where it does nothing', () => {
    expect(usageError('discover', '--width', '640')).toMatchObject({
      message: '--width does nothing for discover.',
      hint: 'Run `onvif-camera discover --help` for the usage.',
    });
    expect(readArguments(['discover', '--data-dir', 'x', '--log-level', 'debug']).flags).toEqual({ 'data-dir': 'x', 'log-level': 'debug' });
  });

  test('secrets are refused wherever they stand, and are not repeated', () => {
    for (const argv of [
      ['--token', 's3cret'],
      ['discover', '--token=s3cret', '--nonsense'],
      ['homeassistant', '--password', 's3cret'],
    ]) {
      const { message, hint } = usageError(...argv);
      expect([message, hint]).toEqual([expect.stringMatching(/^--(token|password) is not taken/), expect.stringMatching(/-file FILE/)]);
      expect(message + hint).not.toContain('s3cret');
    }
    expect(readArguments(['snapshot', '--', '--token']).positionals).toEqual(['--token']);
  });

  test('--password, which is no setting, tells how the password is set', () => {
    const { message, hint } = usageError('--password', 'hunter2');
    expect(`${message} ${hint}`).toMatch(/^--password is not taken: .*ONVIF_CAMERA_PASSWORD/);
    expect(`${message} ${hint}`).not.toContain('hunter2');
  });

  test('a switch can be turned off, and the last word counts', () => {
    expect(readArguments(['--no-hflip']).flags).toEqual({ hflip: false });
    expect(readArguments(['--hflip', 'off', '--vflip', 'on', '--rtsp-metadata=off', '--rtsp-basic']).flags).toEqual({
      ...{ hflip: false, vflip: true, 'rtsp-metadata': false, 'rtsp-basic': true },
    });
    expect(readArguments(['--hflip', '--hflip=on', 'serve']).flags).toEqual({ hflip: true });
    expect(readArguments(['--hflip', '--no-hflip', '--vflip', '--fps', '1', '--fps', '2']).flags).toEqual({
      hflip: false,
      vflip: true,
      fps: '2',
    });
  });

  test('values that begin with a dash need the equals sign, and are told so', () => {
    expect(readArguments(['--ev=-1', '--extra-args=--mode 1:2']).flags).toEqual({ ev: '-1', 'extra-args': '--mode 1:2' });
    expect(usageError('--ev', '-1').message).toContain("'--ev=-");
    expect(usageError('--extra-args', '--mode 1:2').message).toContain("'--extra-args=-");
  });

  test.each([
    ['--widht', 'There is no option --widht. Did you mean --width?'],
    ['--port=80', 'There is no option --port. Did you mean --http-port?'],
    ['--idleTimeout=3', 'There is no option --idleTimeout. Did you mean --idle-timeout?'],
    ['--no-auth', 'There is no option --no-auth. Did you mean --auth?'],
    ['--framerate=5', 'There is no option --framerate. Did you mean --fps?'],
    ['--timeot=5', 'There is no option --timeot. Did you mean --timeout?'],
    ['--frobnicate', 'There is no option --frobnicate.'],
    ['-x', 'There is no option -x.'],
    ['-hx', 'There is no option -x.'],
    ['--width', "Option '--width <value>' argument missing"],
    ['--hflip=maybe', "Option '--hflip' does not take an argument"],
  ])('%s is a usage error', (argument, message) => {
    const error = usageError(argument);
    expect(error).toMatchObject({ code: 'USAGE', exitCode: 2, hint: expect.stringContaining('--help') });
    // Node's own errors may come with their class in front.
    expect(error.message.slice(-message.length)).toBe(message);
  });
});

describe('the help', () => {
  const lines = helpText().split('\n');

  test('lists every flag once, with its default', () => {
    for (const { flag, help, preset } of settings) {
      const found = lines.filter((line) => new RegExp(`^  --${flag}( |$)`).test(line));
      expect(found).toHaveLength(1);
      const at = lines.indexOf(found[0]!);
      const text = `${lines[at]} ${lines[at + 1]}`;
      expect(text).toContain(help);
      if (typeof preset === 'number') expect(text).toContain(`[${preset}]`);
      if (flag === 'rtsp-metadata') expect(text).toContain('[on; --no-rtsp-metadata]');
    }
    for (const flag of ['--config FILE', '-v, --version', '-h, --help'])
      expect(lines.some((line) => line.startsWith(`  ${flag}`))).toBe(true);
  });

  test('every flag in it exists', () => {
    const known = new Set([...COMMON_FLAGS.map(({ name }) => name), ...actions.flatMap(([, { flags }]) => flags.map(({ name }) => name))]);
    for (const { flag } of settings) known.add(flag);
    const texts = [helpText(), ...COMMANDS.map((command) => helpText(command)), ...actions.map(([path, each]) => helpText(each, path))];
    const named = texts.flatMap((text) => [...text.matchAll(/--([a-z][a-z0-9-]*)/g)].map((match) => match[1]!));
    // The capture program's own, in the example of --extra-args.
    expect(new Set(named.filter((flag) => !known.has(flag)))).toEqual(new Set(['mode', 'no-rtsp-metadata']));
  });

  test('names every command', () => {
    for (const command of ['[serve]', 'snapshot FILE', 'discover', 'homeassistant', 'help COMMAND'])
      expect(lines.some((each) => each.includes(` onvif-camera ${command} `))).toBe(true);
    expect(helpText(COMMANDS[0])).toBe(helpText());
    const usages = helpText().slice(0, helpText().indexOf('\n\n  --'));
    for (const each of COMMANDS) expect(usages.replaceAll(/\s+/g, ' ')).toContain(`onvif-camera ${usageOf(each)} ${each.summary}`);
  });

  test.each(actions)('of %s has its usage, flags, examples and exit codes', (path, action) => {
    const text = helpText(action, path);
    expect(text).toContain(`onvif-camera ${usageOf(action, path)}`);
    for (const { name, value, help } of action.flags)
      expect(text).toMatch(new RegExp(`^ {2}--${name}${value ? ` ${value.replace(/[|]/g, '\\|')}` : ''}\\s.*${help.slice(0, 10)}`, 'ms'));
    for (const { line, does } of action.examples)
      expect(text).toMatch(new RegExp(`^ {2}${line.replace(/[.|*+?]/g, '\\$&')} +# ${does}$`, 'm'));
    expect(action.examples.length).toBeGreaterThan(0);
    expect(text).toMatch(/\nExit codes:\n {2}0 {2}\w/);
    expect(text.split('\n').filter((each) => each.length > 140)).toEqual([]);
  });

  test('of discover, in full', () => {
    expect(helpText(COMMANDS.find(({ name }) => name === 'discover')!)).toBe(`Usage: onvif-camera discover [options]

List the ONVIF cameras of the network.
It asks by WS-Discovery, as recorders do. Cameras of the same network answer, if their discovery is on.

  --json                        As JSON, for programs
  --timeout SECONDS             How long to listen, 0.1 to 600 [3]

Also of these, which \`onvif-camera --help\` explains:
  --config --camera --data-dir --log-level --log-format

Examples:
  onvif-camera discover                      # who answers within three seconds
  onvif-camera discover --json --timeout 10  # for a program, and with more patience

Exit codes:
  0  done, whether a camera answered or not
  1  it could not be done, and the message says why
  2  wrong usage, or a wrong setting
`);
  });
});
