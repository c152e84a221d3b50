import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { StateStore } from '../../src/config/state.ts';
import { HEADROOM } from '../../src/frames/frame.ts';
import { readJpegHeader } from '../../src/frames/jpeg.ts';
import { JpegSplitter } from '../../src/frames/jpeg-splitter.ts';
import { barsRecording } from '../support/jpegs.ts';
import { needsProgram } from '../support/programs.ts';
import { eventually, MAIN, Server } from '../support/server.ts';
import { Viewer } from '../support/viewer.ts';

let dir: string;
let server: Server | undefined;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sources-'));
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  rmSync(dir, { recursive: true, force: true });
});

/** The pictures of the recording as files. */
function writePictures(count: number): Buffer[] {
  const pictures: Buffer[] = [];
  const splitter = new JpegSplitter(({ buffer, size }) => pictures.push(buffer.subarray(HEADROOM, HEADROOM + size)));
  splitter.push(barsRecording());
  const chosen = pictures.slice(0, count);
  for (const [k, jpeg] of chosen.entries()) writeFileSync(join(dir, `f${k + 1}.jpg`), jpeg);
  return chosen;
}

describe('a folder of pictures', () => {
  test('plays in a loop at the asked rate; a bad file is named once', async () => {
    const pictures = writePictures(12);
    writeFileSync(join(dir, 'f5.jpg'), 'no picture');
    server = await Server.start({ args: ['--source', `images:${dir}`, '--fps', '20'] });
    const viewer = new Viewer(server);
    await viewer.next(30);
    const order = viewer.parts.map(({ jpeg }) => pictures.findIndex((each) => each.equals(jpeg)));
    const playing = [0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11];
    expect(order.slice(0, 22)).toEqual([...playing, ...playing]);
    expect((await server.json('/api/status')).notices).toMatchObject([{ code: 'BAD_PICTURE', message: expect.stringContaining('f5.jpg') }]);
  });

  test('plays although a client had set size and quality of another source', async () => {
    const pictures = writePictures(1);
    const dataDir = join(dir, 'data');
    new StateStore(dataDir).update({ camera: { width: 1920, height: 1080, quality: 60 } });
    server = await Server.start({ args: ['--source', `images:${dir}`], dataDir });
    const viewer = new Viewer(server);
    expect((await viewer.next(1)).jpeg.equals(pictures[0]!)).toBe(true);
    expect(await server.json('/api/status')).toMatchObject({ camera: 'live', width: 640, height: 480, notices: [] });
  });

  test('an empty one: exit 4', async () => {
    server = Server.spawn({ args: ['--source', `images:${dir}`] });
    expect((await server.ended).code).toBe(4);
    expect(server.stderr).toContain(dir);
  });
});

describe('the test pattern', () => {
  test('moves, at the asked size', async () => {
    server = await Server.start({
      args: ['--source', 'test', '--width', '320', '--height', '240', '--fps', '10', '--rotation', '90', '--annotate', '%T'],
    });
    const viewer = new Viewer(server);
    await viewer.next(3);
    expect(readJpegHeader(viewer.parts[0]!.jpeg)).toMatchObject({ width: 240, height: 320 });
    expect(viewer.parts[0]!.jpeg.equals(viewer.parts[2]!.jpeg)).toBe(false);
  });
});

describe('a webcam', () => {
  const standins = { ffmpeg: 'ffmpeg-v4l2', 'v4l2-ctl': 'v4l2-ctl' };
  const env = (webcam: object) => {
    const bin = join(dir, 'bin');
    mkdirSync(bin);
    // The real ones stay behind them in PATH.
    for (const [name, file] of Object.entries(standins)) symlinkSync(join(import.meta.dirname, '../support', file), join(bin, name));
    writeFileSync(join(dir, 'webcam.json'), JSON.stringify(webcam));
    const real = execFileSync('sh', ['-c', 'command -v ffmpeg'], { encoding: 'utf8' }).trim();
    return { ...process.env, PATH: `${bin}:${process.env.PATH}`, FAKE_WEBCAM: join(dir, 'webcam.json'), REAL_FFMPEG: real };
  };
  // Any file will do as the device: the stand-in does not open it.
  const device = () => {
    copyFileSync('/dev/null', join(dir, 'video7'));
    return join(dir, 'video7');
  };
  const starts = () =>
    readFileSync(join(dir, 'webcam.json.log'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as string[]).join(' '));

  needsProgram('ffmpeg', 'that gives JPEGs: they go through untouched', async () => {
    server = await Server.start({
      args: ['--source', `v4l2:${device()}`, '--width', '640', '--height', '480'],
      env: env({ formats: ['yuyv422', 'mjpeg'] }),
    });
    const viewer = new Viewer(server);
    expect(readJpegHeader((await viewer.next(5)).jpeg)).toMatchObject({ width: 640, height: 480 });
    expect(starts().at(-1)).toContain('-c:v copy');
  });

  needsProgram('ffmpeg', 'that gives raw pictures, turned by a quarter: they are encoded for RTP', async () => {
    const args = ['--source', `v4l2:${device()}`, '--width', '640', '--height', '480', '--rotation', '90'];
    server = await Server.start({ args, env: env({ formats: ['yuyv422'] }) });
    const viewer = new Viewer(server);
    expect(readJpegHeader((await viewer.next(5)).jpeg)).toMatchObject({ width: 480, height: 640 });
  });

  needsProgram('ffmpeg', 'that gives raw pictures, with a text: it is drawn; not into JPEGs that go through untouched', async () => {
    const args = ['--source', `v4l2:${device()}`, '--width', '640', '--height', '480', '--annotate', "It's %T"];
    const webcam = env({ formats: ['yuyv422'] });
    server = await Server.start({ args, env: webcam });
    const viewer = new Viewer(server);
    await viewer.next(5);
    expect(starts().at(-1)).toMatch(/-vf fps=15,drawtext=text=/);
    await viewer.close();
    writeFileSync(join(dir, 'webcam.json'), JSON.stringify({ formats: ['mjpeg'] }));
    const refused = Server.spawn({ args, env: webcam });
    await refused.ended;
    expect(refused.stderr).toContain('cannot do camera.annotate');
    await refused.stop();
  });

  needsProgram('ffmpeg', 'that has controls: they are set before its first picture, and by ONVIF while viewers watch', async () => {
    const controls = () => JSON.parse(readFileSync(join(dir, 'webcam.json.controls'), 'utf8'));
    server = await Server.start({
      args: ['--source', `v4l2:${device()}`, '--width', '640', '--height', '480', '--brightness', '0.5', '--shutter', '10000'],
      env: env({ formats: ['mjpeg'] }),
    });
    const viewer = new Viewer(server);
    await viewer.next(2);
    expect(controls()).toMatchObject({ brightness: 32, auto_exposure: 1, exposure_time_absolute: 100, contrast: 32 });
    const imaging = async (request: string) => {
      const body = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tt="http://www.onvif.org/ver10/schema" xmlns="http://www.onvif.org/ver20/imaging/wsdl"><s:Body>${request.replace('>', '><VideoSourceToken>video_source</VideoSourceToken>')}</s:Body></s:Envelope>`;
      return (await server!.fetch('/onvif/imaging_service', { method: 'POST', body })).text();
    };
    const set = (settings: string) => imaging(`<SetImagingSettings><ImagingSettings>${settings}</ImagingSettings></SetImagingSettings>`);
    const options = await imaging('<GetOptions></GetOptions>');
    expect(options).toMatch(/Exposure><.*ExposureTime><.*Min>100<.*Max>500000</s);
    expect(options).toMatch(/<tt:Gain><tt:Min>0<.*Max>24\.08</s);
    expect(options).not.toMatch(/Sharpness|BacklightCompensation/);
    expect(await set('<tt:Sharpness>60</tt:Sharpness>')).toContain('This camera has no Sharpness');
    const fixed = '<tt:Mode>MANUAL</tt:Mode><tt:ExposureTime>20000</tt:ExposureTime><tt:Gain>12.04</tt:Gain>';
    expect(await set(`<tt:Exposure>${fixed}</tt:Exposure>`)).toContain('SetImagingSettingsResponse');
    await eventually(() => controls().gain === 50, 'the gain is set');
    expect(controls()).toMatchObject({ auto_exposure: 1, exposure_time_absolute: 200 });
    expect(await set('<tt:Contrast>75</tt:Contrast><tt:Exposure><tt:Mode>AUTO</tt:Mode></tt:Exposure>')).toContain(
      'SetImagingSettingsResponse',
    );
    // The gain is written after the mode.
    await eventually(() => controls().contrast === 48 && controls().gain === 0, 'the controls are set');
    expect(controls()).toMatchObject({ brightness: 32, auto_exposure: 3 });
    await viewer.next(20);
  });

  describe('that does not tell its controls at first, as after a cold boot', () => {
    const ARGS = ['--width', '640', '--height', '480', '--brightness', '0.5'];
    /** @param more of the environment */
    const slowEnv = (more: NodeJS.ProcessEnv = {}) => {
      const all = { ...env({ formats: ['mjpeg'] }), ...more };
      const bin = join(dir, 'bin');
      const standin = join(import.meta.dirname, '../support', standins['v4l2-ctl']);
      rmSync(join(bin, 'v4l2-ctl'));
      // Ended as it is after a time that is too long.
      const first = `[ -e "${dir}/asked" ] || { touch "${dir}/asked"; kill -KILL $$; }`;
      writeFileSync(join(bin, 'v4l2-ctl'), `#!/bin/sh\n${first}\nexec "${standin}" "$@"\n`, { mode: 0o755 });
      writeFileSync(join(bin, 'systemd-notify'), '#!/bin/sh\n', { mode: 0o755 });
      return all;
    };
    const SERVICE = { NOTIFY_SOCKET: '/run/systemd/notify' };

    needsProgram('ffmpeg', 'a service serves, asks again, and sets them', async () => {
      server = await Server.start({ args: ['--source', `v4l2:${device()}`, ...ARGS], env: slowEnv(SERVICE) });
      expect(server.stderr).toMatch(/not known yet whether .* can do camera\.brightness: v4l2-ctl does not tell .*SIGKILL/);
      expect(await (await server.anonymous('/healthz')).json()).toMatchObject({ camera: 'failed', error: 'CAPTURE_ENDED' });
      // The first viewer is told why, and has it asked again.
      expect(await (await server.fetch('/stream.mjpg')).text()).toContain('not known yet');
      await eventually(async () => (await server!.fetch('/snapshot.jpg')).status === 200, 'there is a picture', 20);
      expect(JSON.parse(readFileSync(join(dir, 'webcam.json.controls'), 'utf8'))).toMatchObject({ brightness: 32 });
    });

    needsProgram('ffmpeg', 'a start by hand ends with 1, and says what to do', async () => {
      const refused = Server.spawn({ args: ['--source', `v4l2:${device()}`, ...ARGS], env: slowEnv() });
      expect((await refused.ended).code).toBe(1);
      expect(refused.stderr).toContain('start again');
      await refused.stop();
    });

    needsProgram('ffmpeg', 'a setting that it surely lacks ends a service with 2', async () => {
      const refused = Server.spawn({ args: ['--source', `v4l2:${device()}`, ...ARGS, '--metering', 'spot'], env: slowEnv(SERVICE) });
      expect((await refused.ended).code).toBe(2);
      expect(refused.stderr).toContain('cannot do camera.metering');
      await refused.stop();
    });
  });

  needsProgram('ffmpeg', 'that is busy: the user is told', async () => {
    const refused = Server.spawn({
      args: ['--source', `v4l2:${device()}`],
      env: env({ formats: ['mjpeg'], error: 'Device or resource busy' }),
    });
    await refused.ended;
    expect(refused.stderr).toContain('is in use by another program');
    await refused.stop();
  });

  test('that is not there: exit 4', async () => {
    server = Server.spawn({ args: ['--source', `v4l2:${join(dir, 'video9')}`] });
    expect((await server.ended).code).toBe(4);
    expect(server.stderr).toContain('There is no ');
  });
});

describe('onvif-camera snapshot', () => {
  const run = (...args: string[]) =>
    execFileSync(process.execPath, [MAIN, 'snapshot', ...args], { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] });

  test('takes a picture without a server', () => {
    run('out.jpg', '--source', 'test', '--width', '320', '--height', '240', '--data-dir', dir);
    expect(readJpegHeader(readFileSync(join(dir, 'out.jpg')))).toMatchObject({ width: 320, height: 240 });
  });

  test('takes it through the server when one runs, to standard output too', async () => {
    server = await Server.start({ args: ['--source', 'test', '--width', '160', '--height', '120'] });
    expect(readJpegHeader(run('-', '--data-dir', server.dataDir))).toMatchObject({ width: 160, height: 120 });
    expect(await server.json('/api/status')).toMatchObject({ camera: 'live' });
  });

  test('says what is wrong', () => {
    expect(() => run('out.jpg', '--source', 'images:/nonexistent', '--data-dir', dir)).toThrow(/nonexistent/);
    expect(() => run('--data-dir', dir)).toThrow(/takes one file name/);
    expect(() => run('/nonexistent/out.jpg', '--source', 'test', '--data-dir', dir)).toThrow(/cannot be written/);
  });
});
