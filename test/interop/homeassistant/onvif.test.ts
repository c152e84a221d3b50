import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { reportClient } from '../../support/clients.ts';
import { type FlowResult, HomeAssistant } from '../../support/homeassistant/hass.ts';
import { translations, withHomeAssistant } from '../../support/homeassistant/installation.ts';
import { dashboard, keep, openDashboard } from '../../support/homeassistant/page.ts';
import { firstColumn, plain } from '../../support/homeassistant/readme.ts';
import { Neighbour } from '../../support/network/neighbour.ts';
import { STANDIN, Stage } from '../../support/rpicam/stage.ts';
import { eventually, PASSWORD, Server } from '../../support/server.ts';
import { shown, watch } from '../../support/watched-pictures.ts';

/** Home Assistant's integration "ONVIF", which finds the camera by its own WS-Discovery, and its "Generic Camera". */

const NETWORK = '10.88.0';
const CAMERA = 'camera.front_door_h_264';
/** Where errors that we cause show up in its log. */
const OURS = ['onvif', 'zeep', 'camera', 'stream', 'ffmpeg', 'haffmpeg', 'generic', 'libav'];
const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8')) as { version: string };

interface Diagnostics {
  readonly data: { readonly device: unknown };
}

/** Codec and size of what a file holds. */
async function probe(file: string): Promise<string> {
  const args = ['-v', 'error', '-select_streams', 'v', '-show_entries', 'stream=codec_name,width,height', '-of', 'csv=p=0', file];
  return (await promisify(execFile)('ffprobe', args)).stdout.trim();
}

withHomeAssistant(import.meta.filename, ['ffmpeg', 'ffprobe', 'chromium'], ({ venv }) => {
  let neighbour: Neighbour;
  let hass: HomeAssistant;
  let camera: Server;
  let added: FlowResult;
  let rtspPort: number;
  const dataDir = mkdtempSync(join(tmpdir(), 'onvif-camera-'));
  const stage = new Stage({ libav: true });

  const start = (dir: string, ...args: string[]) =>
    Server.start({
      dataDir: dir,
      env: stage.env,
      args: [
        ...['--bind', '0.0.0.0', '--source', 'test', '--name', 'Front door'],
        ...['--width', '640', '--height', '480', '--h264', 'on', ...args],
      ],
    });

  const again = async (...args: string[]) => {
    const { dataDir } = camera;
    await camera.stop();
    camera = await start(dataDir, ...args);
    rtspPort = await readRtspPort();
  };
  /** Known when the encoders have been tried, a moment after the start. */
  const readRtspPort = async () => {
    const { urls } = (await camera.status((status) => /\/h264"/.test(JSON.stringify(status)))) as { urls: { id: string; url: string }[] };
    return Number(new URL(urls.find(({ id }) => id === 'rtsp-h264')!.url).port);
  };
  const mac = () => networkInterfaces().lan!.find(({ family }) => family === 'IPv4')!.mac;
  const still = async (entity: string) => Buffer.from(await (await hass.fetch(`/api/camera_proxy/${entity}`)).arrayBuffer());

  reportClient('Home Assistant', () => hass.version());

  beforeAll(async () => {
    neighbour = await Neighbour.inLan(NETWORK);
    [hass, camera] = await Promise.all([
      HomeAssistant.start({
        venv,
        neighbour,
        address: `${NETWORK}.2`,
        files: dashboard({ type: 'picture-entity', entity: CAMERA, camera_view: 'live' }),
      }),
      start(dataDir),
    ]);
    rtspPort = await readRtspPort();
  }, 120_000);
  afterAll(async () => {
    await hass?.stop();
    await camera?.stop();
    neighbour?.stop();
    stage.remove();
    rmSync(dataDir, { recursive: true, force: true });
  }, 60_000);

  test('finds the camera, with name, address and port, and takes it', async () => {
    const from = hass.log.length;
    const list = await hass.submit(await hass.begin('onvif'), { auto: true });
    expect(list).toMatchObject({ type: 'form', step_id: 'device' });
    const found = list.data_schema![0]!.options!.filter(([host]) => host === `${NETWORK}.1`);
    expect(found).toEqual([[`${NETWORK}.1`, expect.stringMatching(/^Front door \(10\.88\.0\.1\) \[.+\]$/)]]);

    const form = await hass.submit(list, { host: `${NETWORK}.1` });
    expect(form).toMatchObject({ type: 'form', step_id: 'configure' });
    const filled = Object.fromEntries(form.data_schema!.map((field) => [field.name, field.default]));
    const { step, error, abort } = translations(venv, 'onvif').config;
    expect(form.data_schema!.map(({ name }) => step.configure!.data[name])).toEqual(firstColumn('ONVIF asks for'));
    const words = [error.auth_failed, error.no_onvif_service, error.onvif_error, abort.no_h264, abort.already_configured];
    const explained = firstColumn('ONVIF says');
    expect(explained).toHaveLength(words.length);
    for (const [at, begin] of explained.entries()) expect(plain(words[at]!)).toMatch(new RegExp(`^${plain(begin)}`));

    // Nothing listens there; what our README says of it.
    const nowhere = await hass.submit(form, { ...filled, port: 9 });
    expect(nowhere).toMatchObject({ type: 'form', errors: { base: 'onvif_error' } });
    expect(filled).toEqual({ name: 'Front door', host: `${NETWORK}.1`, port: camera.port, username: '', password: '' });

    const wrong = await hass.submit(nowhere, { ...filled, username: 'admin', password: 'wrong' });
    expect(wrong).toMatchObject({ type: 'form', errors: { password: 'auth_failed' } });
    added = await hass.submit(wrong, { ...filled, username: 'admin', password: PASSWORD });
    expect(added).toMatchObject({ type: 'create_entry', title: `Front door - ${mac()}`, result: { state: 'loaded' } });
    expect(hass.errors(OURS, from)).toEqual([]);
  }, 60_000);

  test('makes a camera, two buttons and two switches, of a device with our names, serial number and MAC', async () => {
    const entities = (await hass.states()).map(({ entity_id }) => entity_id).filter((id) => id.includes('front_door'));
    expect(entities.sort()).toEqual([
      ...['button.front_door_reboot', 'button.front_door_set_system_date_and_time', CAMERA],
      // It makes them for every camera with an imaging service.
      ...['switch.front_door_autofocus', 'switch.front_door_ir_lamp'],
    ]);
    // CameraEntityFeature.STREAM
    expect(await hass.state(CAMERA)).toMatchObject({ state: 'idle', attributes: { supported_features: 2 } });
    expect(await hass.render(`{{ device_attr(device_id('${CAMERA}'), 'connections') }}`)).toBe(`{('mac', '${mac()}')}`);
    const { data } = (await (await hass.fetch(`/api/diagnostics/config_entry/${added.result!.entry_id}`)).json()) as Diagnostics;
    expect(data.device).toMatchObject({
      info: { manufacturer: expect.any(String), fw_version: version, serial_number: expect.stringMatching(/^[0-9a-f]{12,}$/), mac: mac() },
      capabilities: { snapshot: true, ptz: false, imaging: true },
      profiles: [
        { token: 'h264', video: { encoding: 'H264', resolution: { width: 640, height: 480 } } },
        { token: 'sub', video: { encoding: 'H264', resolution: { width: 480, height: 360 } } },
      ],
    });
  });

  const plays = async (entity: string, recorded = 'h264,640,480') => {
    const from = hass.log.length;
    expect(await shown(await still(entity))).toMatch(/^640x480 /);
    // Through the RTSP address that it asked for: by ffmpeg, and by its own component.
    const { pictures } = await watch(await hass.fetch(`/api/camera_proxy_stream/${entity}`), (count) => count === 20);
    expect(new Set(pictures).size).toBeGreaterThan(10);
    const file = hass.path(`www/${entity}-${performance.now()}.mp4`);
    await hass.call('camera.record', { entity_id: entity, filename: file, duration: 4, lookback: 0 });
    expect(await probe(file)).toBe(recorded);
    expect(hass.errors(OURS, from)).toEqual([]);
  };

  test('shows the still, and plays', () => plays(CAMERA), 60_000);

  test("its buttons do no harm: the clock is the owner's, and the program starts anew", async () => {
    const press = (name: string) => hass.call('button.press', { entity_id: `button.front_door_${name}` });
    await expect(press('set_system_date_and_time')).rejects.toThrow('500');
    const from = hass.log.length;
    await press('reboot');
    await camera.output(/is ready\.[\s\S]*is ready\.[\s\S]*\n\n/);
    expect(await readRtspPort()).toBe(rtspPort);
    await plays(CAMERA);
    expect(hass.errors(OURS, from)).toEqual([]);
  }, 60_000);

  test('survives a restart of ours', async () => {
    const { port } = camera;
    await again('--http-port', String(port), '--rtsp-port', String(rtspPort));
    await plays(CAMERA);
  }, 60_000);

  test('plays and records the H.264 that the camera makes itself', async () => {
    const ports = ['--http-port', String(camera.port), '--rtsp-port', String(rtspPort)];
    await again(...ports, '--source', 'rpicam', '--rpicam-path', STANDIN, '--encoding', 'h264');
    await plays(CAMERA);
    expect(stage.starts().at(-1)!.argv.join(' ')).toContain('--libav-video-codec libx264');
    await again(...ports);
  }, 60_000);

  test('stays the same camera when other interfaces come, as Docker makes them', async () => {
    const cameras = async () => (await hass.states()).map(({ entity_id }) => entity_id).filter((id) => id.startsWith(CAMERA));
    expect(await cameras()).toEqual([CAMERA]);
    // Before and after ours in every order.
    for (const name of ['aaa0', 'veth9']) neighbour.connect(name, name === 'aaa0' ? '10.89.0' : '10.90.0');
    neighbour.prefer('lan');
    const { entry_id } = added.result!;
    await hass.post(`/api/config/config_entries/entry/${entry_id}/reload`, {});
    await eventually(async () => (await hass.state(CAMERA))?.state === 'idle', 'the camera is loaded again', 30);
    expect(await cameras()).toEqual([CAMERA]);
    const child = Server.spawn({
      command: ['homeassistant', '--url', hass.url, '--token-file', '-'],
      dataDir: camera.dataDir,
      input: hass.token,
    });
    expect(await child.ended).toMatchObject({ code: 1 });
    expect(child.stderr).toContain('Home Assistant has this camera already');
    for (const name of ['aaa0', 'veth9']) neighbour.disconnect(name);
  }, 60_000);

  test('after a restart on other ports it is found again by the command, as the same camera', async () => {
    await again();
    const command = ['homeassistant', '--url', hass.url, '--token-file', '-'];
    const child = Server.spawn({ command, dataDir: camera.dataDir, input: hass.token });
    expect(await child.ended).toMatchObject({ code: 1 });
    expect(child.stderr).toContain('Home Assistant has this camera already, and has its present address now (already_configured).');
    await eventually(async () => (await hass.state(CAMERA))?.state === 'idle', 'the camera is loaded again', 30);
    await plays(CAMERA);
  }, 60_000);

  test('is added by the command, too', async () => {
    await hass.remove(added);
    const command = ['homeassistant', '--url', hass.url, '--token-file', '-'];
    const child = Server.spawn({ command, dataDir: camera.dataDir, input: hass.token });
    expect(await child.ended).toMatchObject({ code: 0 });
    expect(child.stdout).toContain(`"Front door - ${mac()}", integration ONVIF`);
    expect(await shown(await still(CAMERA))).toMatch(/^640x480 /);
  });

  test('Generic Camera takes the still and the RTSP address of the smaller stream', async () => {
    const from = hass.log.length;
    const form = await hass.begin('generic');
    const { data, sections } = translations(venv, 'generic').config.step.user!;
    const asked = form.data_schema!.flatMap(({ name, schema }) =>
      schema ? schema.map((field) => sections![name]!.data[field.name]) : [data[name]],
    );
    const explained = firstColumn('Generic Camera asks for');
    // Until 2025 all is in one list, in another order.
    const more = form.data_schema!.some(({ schema }) => schema);
    if (more) expect(asked).toEqual(explained);
    else expect(asked.sort()).toEqual(explained.sort());
    const advanced = { framerate: 2, verify_ssl: true, rtsp_transport: 'tcp', authentication: 'digest' };
    const confirm = await hass.submit(form, {
      still_image_url: `http://${NETWORK}.1:${camera.port}/snapshot.jpg`,
      stream_source: `rtsp://${NETWORK}.1:${rtspPort}/sub`,
      username: 'admin',
      password: PASSWORD,
      ...(more ? { advanced } : advanced),
    });
    expect(confirm).toMatchObject({ type: 'form', step_id: 'user_confirm' });
    expect(await hass.submit(confirm, { confirmed_ok: true })).toMatchObject({ type: 'create_entry', result: { state: 'loaded' } });
    await plays('camera.10_88_0_1', 'h264,480,360');
    expect(hass.errors(OURS, from)).toEqual([]);
  }, 60_000);

  // Last, as its stream goes on for minutes after the page was closed, and complains when the camera restarts.
  test("plays in Home Assistant's own page", async () => {
    const { browser, page } = await openDashboard(hass);
    try {
      const video = await page.locator('hui-picture-entity-card video').first().elementHandle();
      const at = (seconds: number) =>
        page.waitForFunction(([element, from]) => (element as HTMLVideoElement).currentTime > from, [video!, seconds] as const);
      const now = () => video!.evaluate((element) => (element as HTMLVideoElement).currentTime);
      await at(0);
      await at((await now()) + 2);
      expect(await video!.evaluate((element) => (element as HTMLVideoElement).videoWidth)).toBe(640);
      await keep(page, 'homeassistant-onvif');
    } finally {
      await browser.close();
    }
  }, 90_000);
});
