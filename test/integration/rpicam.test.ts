import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readJpegHeader } from '../../src/frames/jpeg.ts';
import { OnStage } from '../support/rpicam/on-stage.ts';
import type { Scenario } from '../support/rpicam/stage.ts';
import { eventually, isRunning, Server } from '../support/server.ts';
import { Viewer } from '../support/viewer.ts';

/** What the user of a Pi sees, case by case; the stand-in plays rpicam-vid. */

const on = new OnStage();

const captures = () => on.captures();
const runningCaptures = () => captures().filter(({ pid }) => isRunning(pid));
const start = (scenario: Scenario, args?: readonly string[]) => on.start(scenario, args);

describe('a camera that works', () => {
  test('is off until somebody watches, gives whole pictures and goes off again', async () => {
    await start({}, ['--idle-timeout', '1']);
    expect(on.server.stdout).toContain('rpicam-vid, camera 0 (imx219)');
    expect(captures()).toHaveLength(0);
    expect((await on.server.json('/healthz')).camera).toBe('idle');

    const viewer = new Viewer(on.server);
    const part = await viewer.next(5);
    expect(readJpegHeader(part.jpeg)).toMatchObject({ width: 640, height: 480 });
    expect(captures()).toHaveLength(1);
    expect(await on.server.json('/api/status')).toMatchObject({
      camera: 'live',
      width: 640,
      height: 480,
      viewers: 1,
      error: null,
      notices: [],
    });

    await viewer.close();
    await on.server.status(({ camera }) => camera === 'idle');
    expect(on.stage.ends().filter(({ pid }) => pid === captures()[0]!.pid)).toMatchObject([{ signal: 'SIGTERM' }]);
    expect(on.server.stderr).not.toMatch(/WARN|ERROR|"warn"|"error"/);
  });

  test('a page change within the idle time does not turn it off', async () => {
    await start({}, ['--idle-timeout', '2']);
    for (let k = 0; k < 3; k++) {
      const viewer = new Viewer(on.server);
      await viewer.next();
      await viewer.close();
    }
    expect(captures()).toHaveLength(1);
    await eventually(() => runningCaptures().length === 0, 'the camera is off');
  });

  test('at one picture per second it is captured faster, so that the first picture comes soon', async () => {
    await start({}, ['--fps', '1']);
    const viewer = new Viewer(on.server);
    const began = Date.now();
    await viewer.next();
    expect(Date.now() - began).toBeLessThan(5000);
    await viewer.next(5);
    expect(captures()[0]!.argv.join(' ')).toContain('--framerate 10');
    const times = viewer.parts.map(({ headers }) => Number(headers['X-Timestamp']));
    expect(times[5]! - times[1]!).toBeGreaterThan(3.4);
    expect(times[5]! - times[1]!).toBeLessThan(4.6);
  });

  test('a size it adjusts is shown as it is', async () => {
    await start({}, ['--width', '641', '--height', '481']);
    const viewer = new Viewer(on.server);
    expect(readJpegHeader((await viewer.next()).jpeg)).toMatchObject({ width: 640, height: 480 });
    expect(await on.server.json('/api/status')).toMatchObject({ width: 640, height: 480 });
  });

  test('starting slowly costs time, not the viewer', async () => {
    await start({ startDelayMs: 2500, firstFrameDelayMs: 500 });
    const viewer = new Viewer(on.server);
    await on.server.status(({ camera }) => camera === 'starting');
    await viewer.next();
    expect(captures()).toHaveLength(1);
  });

  test('a missing overlay is told, and the picture comes all the same', async () => {
    await start({ annotateStageMissing: true }, ['--annotate', '%F %T']);
    const viewer = new Viewer(on.server);
    await viewer.next();
    const { notices } = await on.server.json('/api/status');
    expect(notices).toMatchObject([{ code: 'ANNOTATE_MISSING', hint: expect.stringContaining('apt install') }]);
    expect(captures()[0]!.argv.join(' ')).toContain('--post-process-file');
  });
});

describe('a camera in trouble', () => {
  test('freezes: it is restarted although it ignores SIGINT, and the viewer stays', async () => {
    await start({ freezeAfterFrames: 20 });
    const viewer = new Viewer(on.server);
    await viewer.next(20);
    on.stage.play({});
    const frozen = captures()[0]!.pid;
    await viewer.next(30, 15);
    expect(viewer.closed).toBe(false);
    expect(captures()).toHaveLength(2);
    expect(isRunning(frozen)).toBe(false);
    expect(on.server.stderr).toContain('sends no more pictures');
  });

  test('hangs, and heeds no signal: told as stalled before it is restarted, and gone when it is', async () => {
    await start({});
    const viewer = new Viewer(on.server);
    await viewer.next(10);
    const hanging = captures()[0]!;
    process.kill(hanging.pid, 'SIGSTOP');
    await on.server.status(({ camera, error }) => camera === 'stalled' && error !== null);
    expect(isRunning(hanging.pid)).toBe(true);
    await viewer.next(10, 15);
    expect(isRunning(hanging.pid)).toBe(false);
    expect(viewer.closed).toBe(false);
  });

  test('loses its sensor: the user is told to check the cable', async () => {
    await start({ timeoutAfterFrames: 20 });
    const viewer = new Viewer(on.server);
    await viewer.next(20);
    const { error } = await on.server.status(({ camera }) => camera === 'stalled' || camera === 'failed');
    expect(error).toMatchObject({ code: 'SENSOR_LOST', hint: expect.stringContaining('ribbon cable') });
    on.stage.play({});
    await viewer.next(10);
    expect(runningCaptures()).toHaveLength(1);
  });

  test('dies in the middle of a picture: no torn picture, and it goes on', async () => {
    await start({ dieAfterFrames: 10, dieMidFrame: true });
    const viewer = new Viewer(on.server);
    await viewer.next(9);
    on.stage.play({});
    await viewer.next(20);
    for (const { jpeg } of viewer.parts) {
      expect(readJpegHeader(jpeg)).toBeDefined();
      expect(jpeg.subarray(-2)).toEqual(Buffer.of(0xff, 0xd9));
    }
    expect(viewer.closed).toBe(false);
  });

  test('is busy: the user is told, and gets pictures when it is free', async () => {
    await start({ busy: true });
    const viewer = new Viewer(on.server);
    const { error } = await on.server.status(({ camera }) => camera === 'failed');
    expect(error).toMatchObject({ code: 'CAMERA_BUSY', message: 'The camera is in use by another program.' });
    expect(viewer.closed).toBe(false);
    on.stage.play({});
    await viewer.next(3, 15);
    expect(await on.server.json('/api/status')).toMatchObject({ camera: 'live', error: null });
  });

  test('SIGINT is ignored at the end: it is gone all the same', async () => {
    await start({ ignoreSigint: true }, ['--idle-timeout', '0']);
    const viewer = new Viewer(on.server);
    await viewer.next(3);
    await viewer.close();
    await eventually(() => runningCaptures().length === 0, 'the camera is off');
    await on.server.status(({ camera }) => camera === 'idle');
  });

  test('is repaired while somebody watches: the picture comes soon, however long it was away', async () => {
    await start({});
    const viewer = new Viewer(on.server);
    await viewer.next(3);
    on.stage.play({ busy: true });
    process.kill(captures()[0]!.pid, 'SIGKILL');
    // As many tries as it takes for the pauses to have grown.
    await eventually(() => captures().length >= 8, 'it was tried again and again', 30);
    expect(viewer.closed).toBe(false);
    on.stage.play({});
    // Pauses that go on growing are 24 s and longer by now.
    await viewer.next(1, 12);
  });

  test('"Try again" is for who is logged in, on this page; it starts the camera at once', async () => {
    await start({}, ['--extra-args=--mode foo']);
    const viewer = new Viewer(on.server);
    const { error } = await on.server.status(({ camera }) => camera === 'failed');
    expect(error).toMatchObject({
      code: 'OPTION_INVALID',
      message: 'rpicam-vid does not take the value for --mode (camera.extraArgs): Invalid mode.',
      hint: expect.stringContaining('Correct camera.extraArgs'),
    });
    const path = '/api/v1/camera/retry';
    expect((await fetch(on.server.url + path, { method: 'POST' })).status).toBe(401);
    expect((await on.server.fetch(path, { method: 'POST', headers: { Origin: 'http://elsewhere' } })).status).toBe(403);
    const wrong = await on.server.fetch(path);
    expect([wrong.status, wrong.headers.get('Allow')]).toEqual([405, 'POST, OPTIONS']);
    // Nothing but a change of the settings helps: the next try comes half a minute later.
    expect(captures()).toHaveLength(1);
    expect((await on.server.fetch(path, { method: 'POST' })).status).toBe(202);
    await eventually(() => captures().length > 1, 'it was tried again', 5);
    await viewer.close();
  });

  test.each<[string, Scenario, readonly string[], string, string]>([
    ['no memory', { noMemory: true }, [], 'CAMERA_MEMORY', 'cma-256'],
    ['an option twice', {}, ['--extra-args=--width 320'], 'OPTION_INVALID', 'Take --width out of camera.extraArgs; camera.width sets it.'],
    ['a time that is none', {}, ['--extra-args=--flicker-period soon'], 'OPTION_INVALID', 'Correct camera.extraArgs'],
  ])('%s: what it is, and the next step', async (_what, scenario, args, code, hint) => {
    await start(scenario, args);
    new Viewer(on.server);
    const { error } = await on.server.status(({ camera }) => camera === 'failed');
    expect(error).toMatchObject({ code, hint: expect.stringContaining(hint) });
  });

  test('an option that an older version does not know is named, with the release that brought it', async () => {
    await start({ olderVersion: '1.0.1' }, ['--autofocus', 'continuous']);
    const answer = await on.server.fetch('/snapshot.jpg');
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain(
      'does not know --autofocus-mode (camera.autofocus); it came with rpicam-apps 1.1.2. Update rpicam-apps',
    );
  });
});

describe('settings that change nothing', () => {
  const noticesOf = async (scenario: Scenario, args: readonly string[]) => {
    await start(scenario, args);
    return (await on.server.json('/api/status')).notices;
  };

  test('the focus of a camera without a lens drive', async () => {
    expect(await noticesOf({}, ['--autofocus', 'continuous'])).toMatchObject([
      { code: 'SETTING_WITHOUT_EFFECT', message: expect.stringContaining('the lens of this camera (imx219) cannot be moved') },
    ]);
    expect(on.server.stderr).toContain('cannot be moved');
  });

  test('not of one that has it', async () => {
    expect(await noticesOf({ cameras: 'imx708' }, ['--autofocus', 'continuous'])).toEqual([]);
  });

  test('a text with accents is drawn without them, and that is said', async () => {
    expect(await noticesOf({}, ['--annotate', 'Haustür %T'])).toMatchObject([{ code: 'ANNOTATE_ASCII' }]);
    await new Viewer(on.server).next();
    expect(JSON.parse(readFileSync(join(on.server.dataDir, 'post-process.json'), 'utf8'))).toMatchObject({
      annotate_cv: { text: 'Haustuer %T' },
    });
  });
});

describe('no camera', () => {
  const refusal = async (scenario: Scenario, args: readonly string[] = []) => {
    on.stage.play(scenario);
    const refused = Server.spawn(on.options(args));
    const { code } = await refused.ended;
    await refused.stop();
    return { code, stderr: refused.stderr };
  };

  test('asked for explicitly: exit 4 and what to check', async () => {
    const { code, stderr } = await refusal({ cameras: 'none' });
    expect(code).toBe(4);
    expect(stderr).toContain('No camera found by rpicam-vid.\nCheck the ribbon cable');
    expect(stderr).toContain('rpicam-hello --list-cameras');
  });

  test('a number that is not there: exit 4 and which there are', async () => {
    const { code, stderr } = await refusal({ cameras: 'two' }, ['--source', 'rpicam:5']);
    expect(code).toBe(4);
    expect(stderr).toContain('rpicam-vid has no camera number 5, only 0, 1.');
  });

  test('a rotation it cannot do: exit 2, not ignored', async () => {
    const { code, stderr } = await refusal({}, ['--rotation', '90']);
    expect(code).toBe(2);
    expect(stderr).toContain('cannot do camera.rotation');
  });

  test('the legacy stack: what to change', async () => {
    const { code, stderr } = await refusal({ legacyStack: true });
    expect(code).toBe(1);
    expect(stderr).toContain('raspi-config');
  });

  test('no media device at all: what to change in config.txt', async () => {
    const { code, stderr } = await refusal({ noMediaDevices: true });
    expect(code).toBe(4);
    expect(stderr).toContain('camera_auto_detect=1');
  });

  test('with auto: a camera that comes while somebody watches the test pattern takes its place, and the viewer stays', async () => {
    await start({ cameras: 'none' }, ['--source', 'auto']);
    const viewer = new Viewer(on.server);
    await viewer.next(3);
    const lists = () => on.stage.starts().filter(({ argv }) => argv.includes('--list-cameras')).length;
    const before = lists();
    on.stage.play({});
    await on.server.status(({ source, camera }) => source === 'rpicam-vid, camera 0 (imx219)' && camera === 'live', 20);
    expect(lists() - before).toBeLessThanOrEqual(2);
    await viewer.next(5);
    expect(viewer.closed).toBe(false);
    expect((await on.server.json('/api/status')).notices).toEqual([]);
    expect(readJpegHeader(viewer.parts.at(-1)!.jpeg)).toMatchObject({ width: 640, height: 480 });
    await viewer.close();
  });

  test('with auto: the test pattern, the reason, and the camera when it is there', async () => {
    await start({ cameras: 'none' }, ['--source', 'auto', '--idle-timeout', '0']);
    expect(on.server.stdout).toContain('test pattern (No camera found by rpicam-vid; No webcam found)');
    const viewer = new Viewer(on.server);
    await viewer.next();
    expect((await on.server.json('/api/status')).notices).toMatchObject([{ code: 'TEST_PATTERN' }]);
    await viewer.close();
    await on.server.status(({ camera }) => camera === 'idle');
    on.stage.play({});
    const later = new Viewer(on.server);
    await later.next();
    expect(await on.server.json('/api/status')).toMatchObject({ source: 'rpicam-vid, camera 0 (imx219)', notices: [] });
    await later.close();
  });
});
