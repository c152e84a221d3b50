import { describe, expect, test } from '@jest/globals';
import { parseCommandLine } from '../../support/rpicam/command-line.js';
import { optionsOf } from '../../support/rpicam/options.js';
import type { Scenario } from '../../support/rpicam/stage.ts';
import { CAMERA, FOUND, MANAGER, MODE_640, STREAM, StandinRuns } from '../../support/rpicam/standin-runs.ts';

const { finished } = new StandinRuns();

describe('the command line', () => {
  test.each<[string, Record<string, boolean | number | string>]>([
    ['--width 5 --height=6', { width: 5, height: 6 }],
    ['--code mjpeg --viewfinder-w 5', { codec: 'mjpeg', 'viewfinder-width': 5 }],
    ['-t 0 -q50 -o - -n', { timeout: '0', quality: 50, output: '-', nopreview: true }],
    ['--ev -1 -t -5 --awbgains -1,-2', { ev: -1, timeout: '-5', awbgains: '-1,-2' }],
    ['--hdr --roi 0,0,1,1', { hdr: 'auto', roi: '0,0,1,1' }],
    ['--hdr=sensor --flush=0 -v', { hdr: 'sensor', flush: false, verbose: 2 }],
    ['-v 0 --nopreview off', { verbose: 0, nopreview: false }],
    ['--framerate .5 --gain 1e1', { framerate: 0.5, gain: 10 }],
    ['extra -n -n', { nopreview: true }],
    ['-n -- 0', { nopreview: true }],
    ['-o --codec', { output: '--codec' }],
  ])('%s is read as the real program reads it', (command, values) => {
    expect(Object.fromEntries(parseCommandLine(command.split(' '), optionsOf()))).toEqual(values);
  });

  test.each([
    ['-Z', "unrecognised option '-Z'"],
    ['--nosuch=5', "unrecognised option '--nosuch=5'"],
    ['--CODEC mjpeg', "unrecognised option '--CODEC'"],
    ['--w 5', "option '--w' is ambiguous and matches '--width', and '--wrap'"],
    ['--list', "option '--list' is ambiguous and matches '--list-cameras', and '--listen'"],
    ['-t', "the required argument for option '--timeout' is missing"],
    ['--output -n', "the required argument for option '--output' is missing"],
    ['--wid=', "the argument for option '--wid' should follow immediately after the equal sign"],
    ['--width 5 --width 6', "option '--width' cannot be specified more than once"],
    ['-q=50', "the argument ('=50') for option '--quality' is invalid"],
    ['--width 5.5', "the argument ('5.5') for option '--width' is invalid"],
    ['--rotation 9999999999', "the argument ('9999999999') for option '--rotation' is invalid"],
    ['-n foo', "the argument ('foo') for option '--nopreview' is invalid. Valid choices are 'on|off', 'yes|no', '1|0' and 'true|false'"],
  ])('%s is refused', (command, message) => {
    expect(() => parseCommandLine(command.split(' '), optionsOf())).toThrow(new Error(message));
  });
});

describe('refusals', () => {
  test.each<[string, string]>([
    ['--nosuch -t 100', "unrecognised option '--nosuch'"],
    ['-t 100 --width', "the required argument for option '--width' is missing"],
    ['--width abc -t 100', "the argument ('abc') for option '--width' is invalid"],
    ['-t foo', 'Invalid time string provided'],
    ['--hdr=night', 'Invalid HDR option provided: night'],
    ['--lens-position near', 'Invalid lens position: near'],
  ])('%s is refused before any camera is looked for', async (command, message) => {
    const { code, lines, stdout } = await finished(command.split(' '));
    expect(lines).toEqual([`ERROR: *** ${message} ***`]);
    expect(code).toBe(255);
    expect(stdout).toHaveLength(0);
  });

  test.each<[string, string]>([
    ['--exposure night', 'Invalid exposure mode:night'],
    ['--awb foo', 'Invalid AWB mode: foo'],
    ['--awbgains 2', 'Invalid AWB gains'],
    ['--metering foo', 'Invalid metering mode: foo'],
    ['--autofocus-mode foo', 'Invalid AfMode:foo'],
    ['--rotation 90', 'transforms requiring transpose not supported'],
    ['--rotation 45', 'illegal rotation value'],
    ['--mode foo', 'Invalid mode'],
    ['--codec foo', 'unrecognised codec foo'],
    ['--codec mjpeg -n --camera 3', 'selected camera is not available'],
    ['--codec mjpeg -n --post-process-file /nonexistent.json', '/nonexistent.json: cannot open file'],
  ])('%s is refused once the cameras are known', async (command, message) => {
    const { code, lines } = await finished(command.split(' '));
    expect(lines).toEqual([...FOUND, `ERROR: *** ${message} ***`]);
    expect(code).toBe(255);
  });

  test('a wrong denoise mode is noticed only after the sensor mode', async () => {
    const { code, lines } = await finished(['--denoise', 'foo', '-n']);
    expect(lines).toEqual([...FOUND, ...MODE_640, 'ERROR: *** Invalid denoise mode foo ***']);
    expect(code).toBe(255);
  });

  test('without a camera, on a foreign system, on the old stack', async () => {
    const none = await finished(STREAM, { cameras: 'none' });
    expect([none.code, none.lines]).toEqual([255, [MANAGER, 'ERROR: *** no cameras available ***']]);
    const unknown = await finished(['--help'], { platform: 'unknown' });
    expect(unknown.lines[0]).toBe('ERROR: rpicam-apps currently only supports the Raspberry Pi platforms.');
    const legacy = await finished(STREAM, { legacyStack: true });
    expect(legacy.lines).toEqual(['ERROR: the system appears to be configured for the legacy camera stack']);
    expect([unknown.code, legacy.code]).toEqual([255, 255]);
  });

  test('an output that cannot be opened ends it as an uncaught exception does', async () => {
    const { signal, lines } = await finished(['--codec', 'mjpeg', '-n', '-o', '/nonexistent/x.mjpeg']);
    expect(lines.slice(-2)).toEqual([
      "terminate called after throwing an instance of 'std::runtime_error'",
      '  what():  failed to open output file /nonexistent/x.mjpeg',
    ]);
    expect(signal).toBe('SIGABRT');
  });

  test('an older version does not know newer options and units', async () => {
    const refusal = async (args: string[], olderVersion: string) => (await finished(args, { olderVersion })).lines;
    expect(await refusal(['--autofocus-mode', 'auto'], '1.0.1')).toEqual(["ERROR: *** unrecognised option '--autofocus-mode' ***"]);
    expect(await refusal(['-t', '5sec'], '1.0.1')).toEqual(["ERROR: *** the argument ('5sec') for option '--timeout' is invalid ***"]);
    expect(await refusal(['--low-latency'], '1.5.3')).toEqual(["ERROR: *** unrecognised option '--low-latency' ***"]);
    expect(await refusal(['--low-latency', '--awb', 'x'], '1.6.0')).toEqual([...FOUND, 'ERROR: *** Invalid AWB mode: x ***']);
  });

  test('what it cannot play, and a scenario it does not know, end it loudly', async () => {
    const unplayed = await finished(['--codec', 'mjpeg', '--segment', '1000', '-o', 'x']);
    expect([unplayed.code, unplayed.lines.join()]).toEqual([70, expect.stringContaining('does not play --segment')]);
    const unknown = await finished(STREAM, { freezeAfter: 3 } as Scenario);
    expect([unknown.code, unknown.lines.join()]).toEqual([70, expect.stringContaining('knows no "freezeAfter"')]);
  });
});

describe('answers on the standard output', () => {
  test('--version, --help and --list-cameras', async () => {
    const version = await finished(['--version']);
    expect([version.code, version.stdout.toString()]).toEqual([0, expect.stringMatching(/^rpicam-apps build: v1\.12\.0 /)]);
    const help = (await finished(['-h'])).stdout.toString();
    expect(help).toMatch(/^Valid options are:\n {2}-h \[ --help \] \[=arg\(=1\)\] \(=0\) {9}\S/);
    expect(help).toContain('\n  -t [ --timeout ] arg (=5sec)          ');
    expect(help).toContain('\n  --info-text arg (=#%frame (%fps fps) exp %exp ag %ag dg %dg)\n');
    expect((await finished(['--list-cameras'], { cameras: 'none' })).stdout.toString()).toBe('No cameras available!\n');
    const list = await finished(['--list-cameras'], { cameras: 'two' });
    expect([list.code, list.lines]).toEqual([0, []]);
    expect(list.stdout.toString().split('\n').slice(0, 5)).toEqual([
      'Available cameras',
      '-----------------',
      `0 : imx219 [3280x2464 10-bit RGGB] (${CAMERA})`,
      "    Modes: 'SRGGB10_CSI2P' : 640x480 [206.02 fps - (0, 0)/3280x2464 crop]",
      '                             1640x1232 [41.00 fps - (0, 0)/3280x2464 crop]',
    ]);
    expect(list.stdout.toString()).toContain('\n1 : ov5647 [2592x1944 10-bit RGGB] (/base/axi/pcie@120000/rp1/i2c@80000/ov5647@36)\n');
  });
});
