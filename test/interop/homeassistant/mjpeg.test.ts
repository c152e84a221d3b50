import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { reportClient } from '../../support/clients.ts';
import { DigestOnly } from '../../support/homeassistant/digest-only.ts';
import { HomeAssistant } from '../../support/homeassistant/hass.ts';
import { translations, withHomeAssistant } from '../../support/homeassistant/installation.ts';
import { firstColumn, plain } from '../../support/homeassistant/readme.ts';
import { Neighbour } from '../../support/network/neighbour.ts';
import { STANDIN, Stage } from '../../support/rpicam/stage.ts';
import { isRunning, PASSWORD, Server } from '../../support/server.ts';
import { shown, watch } from '../../support/watched-pictures.ts';

/** Home Assistant's integration "MJPEG IP Camera", added through its config flow as its own page does it. */

const NETWORK = '10.88.0';
/** How long the stream is watched, and when in that time the capture is killed. */
const WATCH_MS = 60_000;
const KILL_MS = 20_000;

withHomeAssistant(import.meta.filename, [], ({ venv }) => {
  let neighbour: Neighbour;
  let hass: HomeAssistant;
  let stage: Stage;
  let camera: Server;

  const start = (...args: string[]) =>
    Server.start({
      args: ['--bind', '0.0.0.0', '--source', 'rpicam', '--rpicam-path', STANDIN, '--width', '640', '--height', '480', ...args],
      env: stage.env,
    });
  const form = (port: number, rest: Readonly<Record<string, unknown>> = { username: 'admin', password: PASSWORD }) => ({
    name: 'Pi Camera',
    mjpeg_url: `http://${NETWORK}.1:${port}/stream.mjpg`,
    still_image_url: `http://${NETWORK}.1:${port}/snapshot.jpg`,
    verify_ssl: true,
    ...rest,
  });
  const add = async (data: Readonly<Record<string, unknown>>) => hass.submit(await hass.begin('mjpeg'), data);
  const still = async () => Buffer.from(await (await hass.fetch('/api/camera_proxy/camera.pi_camera')).arrayBuffer());
  const stream = () => hass.fetch('/api/camera_proxy_stream/camera.pi_camera');
  const moves = async () => {
    const { pictures } = await watch(await stream(), (count) => count === 10);
    expect(new Set(pictures).size).toBeGreaterThan(5);
  };

  reportClient('Home Assistant', () => hass.version());

  beforeAll(async () => {
    neighbour = await Neighbour.inLan(NETWORK);
    stage = new Stage();
    [hass, camera] = await Promise.all([HomeAssistant.start({ venv, neighbour, address: `${NETWORK}.2` }), start()]);
  }, 120_000);
  afterAll(async () => {
    await hass?.stop();
    await camera?.stop();
    stage?.remove();
    neighbour?.stop();
  }, 60_000);

  test('its form asks for what our README names, in that order and by those labels', async () => {
    const { type, step_id, data_schema } = await hass.begin('mjpeg');
    const { config } = translations(venv, 'mjpeg');
    expect({ type, step_id }).toEqual({ type: 'form', step_id: 'user' });
    expect(data_schema!.map(({ name }) => plain(config.step.user!.data[name]!))).toEqual(
      firstColumn('MJPEG IP Camera asks for').map(plain),
    );
  });

  test('its errors are those that our README explains', () => {
    const { error, abort } = translations(venv, 'mjpeg').config;
    expect([error.invalid_auth, error.cannot_connect, abort.already_configured]).toEqual(firstColumn('MJPEG IP Camera says'));
  });

  describe('with the right values', () => {
    test('makes a camera whose still is a picture of ours', async () => {
      const from = hass.log.length;
      const flow = await add(form(camera.port));
      expect(flow).toMatchObject({ type: 'create_entry', title: 'Pi Camera', result: { state: 'loaded' } });
      expect(await hass.state('camera.pi_camera')).toMatchObject({ state: 'idle', attributes: { friendly_name: 'Pi Camera' } });
      expect(await shown(await still())).toMatch(/^640x480 /);
      expect(await add(form(camera.port))).toMatchObject({ type: 'abort', reason: 'already_configured' });
      expect(hass.errors(['mjpeg', 'camera'], from)).toEqual([]);
    });

    test(
      'its stream moves for a minute, through a restart of the capture',
      async () => {
        const from = hass.log.length;
        let killedAt = 0;
        const { pictures, ended } = await watch(await stream(), (count, ms) => {
          if (ms > KILL_MS && killedAt === 0) {
            const capture = stage.starts().findLast(({ pid, argv }) => argv.includes('mjpeg') && isRunning(pid))!;
            process.kill(capture.pid, 'SIGKILL');
            killedAt = count;
          }
          return ms > WATCH_MS;
        });
        expect(ended).toBe(false);
        expect(killedAt).toBeGreaterThan(0);
        // What was already on its way came from the capture that was killed.
        for (const part of [pictures.slice(0, killedAt), pictures.slice(killedAt + 30)]) expect(new Set(part).size).toBeGreaterThan(10);
        expect(hass.errors(['mjpeg', 'camera'], from)).toEqual([]);
      },
      WATCH_MS + 30_000,
    );

    test('survives a restart of ours', async () => {
      const { port } = camera;
      await camera.stop();
      camera = await start('--http-port', String(port));
      expect(await shown(await still())).toMatch(/^640x480 /);
      await moves();
    });
  });

  test('with a wrong password it says invalid_auth, and takes the right one in the same form', async () => {
    const wrong = await add(form(camera.port, { username: 'admin', password: 'wrong' }));
    expect(wrong).toMatchObject({ type: 'form', errors: { username: 'invalid_auth' } });
    // Another address, as the camera is there already under its first.
    const right = { ...form(camera.port), mjpeg_url: `http://${NETWORK}.1:${camera.port}/cam.mjpg` };
    const flow = await hass.submit(wrong, right);
    expect(flow).toMatchObject({ type: 'create_entry' });
    await hass.remove(flow);
  });

  test('with a stopped camera it says cannot_connect', async () => {
    const other = await start();
    const { port } = other;
    await other.stop();
    expect(await add(form(port))).toMatchObject({ type: 'form', errors: { mjpeg_url: 'cannot_connect' } });
  });

  test('where Basic fails it takes Digest, for still and stream', async () => {
    const proxy = await DigestOnly.start(camera.port);
    try {
      const flow = await add({ ...form(proxy.port), name: 'Digest' });
      expect(flow).toMatchObject({ type: 'create_entry' });
      proxy.accepted.clear();
      const answer = await hass.fetch('/api/camera_proxy/camera.digest');
      expect(await shown(Buffer.from(await answer.arrayBuffer()))).toMatch(/^640x480 /);
      const { pictures } = await watch(await hass.fetch('/api/camera_proxy_stream/camera.digest'), (count) => count === 10);
      expect(new Set(pictures).size).toBeGreaterThan(5);
      expect([...proxy.accepted]).toEqual(['digest']);
      await hass.remove(flow);
    } finally {
      proxy.stop();
    }
  });

  test('with --auth off it needs no user, and a leftover one does no harm', async () => {
    // The Pi's camera is still the other one's.
    const open = await start('--auth', 'off', '--source', 'test');
    try {
      for (const login of [{}, { username: 'admin', password: 'leftover' }]) {
        const flow = await add({ ...form(open.port, login), name: 'Open' });
        expect(flow).toMatchObject({ type: 'create_entry' });
        const answer = await hass.fetch('/api/camera_proxy/camera.open');
        expect(await shown(Buffer.from(await answer.arrayBuffer()))).toMatch(/^640x480 /);
        await hass.remove(flow);
      }
    } finally {
      await open.stop();
    }
  });

  describe('onvif-camera homeassistant', () => {
    let hall: Server;
    const command = (args: readonly string[] = [], token = hass.token) => {
      const child = Server.spawn({ command: ['homeassistant', ...args], dataDir: hall.dataDir, input: `${token}\n` });
      return child.ended.then(({ code }) => ({ code, stdout: child.stdout, stderr: child.stderr }));
    };

    beforeAll(async () => {
      hall = await start('--name', 'Hall', '--source', 'test');
    });
    afterAll(async () => void (await hall?.stop()));

    test('shows the values that work', async () => {
      const { code, stdout } = await command();
      expect(code).toBe(0);
      const url = (label: string) => new RegExp(`${label} +(\\S+)`).exec(stdout)?.[1];
      expect(url('MJPEG URL')).toBe(`http://${NETWORK}.1:${hall.port}/stream.mjpg`);
      expect(url('Still image URL')).toBe(`http://${NETWORK}.1:${hall.port}/snapshot.jpg`);
    });

    test('adds the camera, and does so once', async () => {
      const args = ['--url', hass.url, '--token-file', '-', '--as', 'mjpeg'];
      const added = await command(args);
      expect(added).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('has the camera now: "Hall"') });
      const answer = await hass.fetch('/api/camera_proxy/camera.hall');
      expect(await shown(Buffer.from(await answer.arrayBuffer()))).toMatch(/^640x480 /);
      expect(await command(args)).toMatchObject({ code: 1, stderr: expect.stringContaining('has this camera already') });
    });

    test('says that a token is wrong', async () => {
      const { code, stderr } = await command(['--url', hass.url, '--token-file', '-'], `${hass.token}x`);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('does not take this token') });
    });

    test('says that Home Assistant cannot reach the camera', async () => {
      const local = await Server.start({ args: ['--source', 'test'] });
      try {
        const words = ['homeassistant', '--url', hass.url, '--token-file', '-'];
        const child = Server.spawn({ command: words, dataDir: local.dataDir, input: hass.token });
        expect(await child.ended).toMatchObject({ code: 1 });
        expect(child.stderr).toContain('Home Assistant cannot reach the camera (cannot_connect).');
      } finally {
        await local.stop();
      }
    });
  });
});
