import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { parse } from 'yaml';
import { reportClient } from '../../support/clients.ts';
import { HomeAssistant } from '../../support/homeassistant/hass.ts';
import { withHomeAssistant } from '../../support/homeassistant/installation.ts';
import { dashboard, keep, openDashboard } from '../../support/homeassistant/page.ts';
import { Neighbour } from '../../support/network/neighbour.ts';
import { STANDIN, Stage } from '../../support/rpicam/stage.ts';
import { eventually, PASSWORD, Server, type ServerOptions } from '../../support/server.ts';
import { Viewer } from '../../support/viewer.ts';
import { shown, watch } from '../../support/watched-pictures.ts';

/** What a user copies from homeassistant/, in a real Home Assistant: checked by it, running in it, and seen in its page. */

const NETWORK = '10.88.0';
const FOLDER = join(import.meta.dirname, '../../../homeassistant');
const BLUEPRINT = 'blueprints/automation/onvif-camera/camera_failed.yaml';
const MOTION = 'blueprints/automation/onvif-camera/motion.yaml';
const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'));
/** As a user changes it: the camera's address and, in the secrets, its password, which needs escapes in an address. */
const adapted = (name: string, camera: Server) =>
  readFileSync(join(FOLDER, name), 'utf8')
    // So that nobody has to wait.
    .replaceAll('scan_interval: 30', 'scan_interval: 1')
    .replaceAll('192.168.1.50:8080', `${NETWORK}.1:${camera.port}`)
    .replaceAll(/admin:kqpm-7tzr-w4nd@/g, `admin:${encodeURIComponent(PASSWORD)}@`)
    .replaceAll('kqpm-7tzr-w4nd', JSON.stringify(PASSWORD));

/** One automation that does what the blueprint does by itself, and one with actions of one's own. */
const AUTOMATIONS = `
input_boolean:
  failed:
  moves:
input_text:
  reason:
  motion:
automation:
  - id: quiet
    alias: quiet
    use_blueprint:
      path: onvif-camera/camera_failed.yaml
      input:
        state_sensor: sensor.pi_camera_state
        failed_for: { seconds: 0 }
  - id: own
    alias: own
    use_blueprint:
      path: onvif-camera/camera_failed.yaml
      input:
        state_sensor: sensor.pi_camera_state
        failed_for: { seconds: 0 }
        failed_actions:
          - action: input_text.set_value
            target: { entity_id: input_text.reason }
            data: { value: "{{ camera }}: {{ reason }}" }
          - action: input_boolean.turn_on
            target: { entity_id: input_boolean.failed }
        recovered_actions:
          - action: input_boolean.turn_off
            target: { entity_id: input_boolean.failed }
  - id: motion
    alias: motion
    use_blueprint:
      path: onvif-camera/motion.yaml
      input:
        motion_sensor: binary_sensor.moving
        quiet_for: { seconds: 1 }
        motion_actions:
          - action: input_text.set_value
            target: { entity_id: input_text.motion }
            data: { value: "moves at {{ camera }}" }
        quiet_actions:
          - action: input_text.set_value
            target: { entity_id: input_text.motion }
            data: { value: over }
template:
  - binary_sensor:
      - name: Moving
        device_class: motion
        state: "{{ is_state('input_boolean.moves', 'on') }}"
`;
withHomeAssistant(import.meta.filename, ['ffmpeg', 'chromium'], ({ venv }) => {
  let neighbour: Neighbour;
  let hass: HomeAssistant;
  let stage: Stage;
  let camera: Server;
  let browser: Browser | undefined;

  const value = async (entity: string) => (await hass.state(entity))?.state;
  const becomes = (entity: string, wanted: string) =>
    eventually(async () => (await value(entity)) === wanted, `${entity} is ${wanted}`, 30);
  const startCamera = ({ args = [], ...options }: ServerOptions = {}) =>
    Server.start({
      ...options,
      args: [
        ...['--bind', '0.0.0.0', '--source', 'rpicam', '--rpicam-path', STANDIN],
        ...['--width', '640', '--height', '480', '--idle-timeout', '0', ...args],
      ],
      env: stage.env,
    });

  reportClient('Home Assistant', () => hass.version());

  beforeAll(async () => {
    neighbour = await Neighbour.inLan(NETWORK);
    stage = new Stage();
    camera = await startCamera();
    hass = await HomeAssistant.start({
      venv,
      neighbour,
      address: `${NETWORK}.2`,
      files: {
        'packages/onvif_camera.yaml': adapted('packages/onvif_camera.yaml', camera),
        'packages/camera_ffmpeg.yaml': adapted('camera-ffmpeg.yaml', camera),
        'packages/until_2022.yaml': adapted('camera-mjpeg-until-2022.4.yaml', camera),
        'packages/automations.yaml': AUTOMATIONS,
        'secrets.yaml': adapted('secrets.example.yaml', camera),
        [BLUEPRINT]: adapted(BLUEPRINT, camera),
        [MOTION]: adapted(MOTION, camera),
        ...dashboard(parse(adapted('dashboard-card.yaml', camera))),
      },
    });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await hass?.stop();
    await camera?.stop();
    stage?.remove();
    neighbour?.stop();
  }, 60_000);

  test('no file is left out here', () => {
    expect(files.sort()).toEqual(
      [
        BLUEPRINT,
        MOTION,
        'camera-ffmpeg.yaml',
        'camera-mjpeg-until-2022.4.yaml',
        'dashboard-card.yaml',
        'packages/onvif_camera.yaml',
        'secrets.example.yaml',
      ].sort(),
    );
  });

  test('its own check finds no fault, and read them all', async () => {
    const said = await hass.check();
    expect(said).not.toMatch(/(Failed|Incorrect|Invalid) config|General (Errors|Warnings)/);
    const [, used = ''] = said.split('yaml files');
    for (const name of [
      BLUEPRINT,
      MOTION,
      'packages/onvif_camera.yaml',
      'packages/camera_ffmpeg.yaml',
      'packages/until_2022.yaml',
      'secrets.yaml',
    ])
      expect(used).toContain(name);
  }, 60_000);

  test('its own check would find one', async () => {
    hass.write('packages/wrong.yaml', 'rest:\n  - resource: nowhere\n');
    expect(await hass.check()).toMatch(/Invalid config for 'rest' at packages\/wrong\.yaml/);
    hass.removeFile('packages/wrong.yaml');
  }, 60_000);

  test('the old MJPEG platform makes no camera any more', async () => {
    expect(await value('camera.pi_camera')).toBeUndefined();
    expect(hass.log).toMatch(/The mjpeg platform for the camera integration does not support platform setup/);
  });

  test('the sensors tell state and figures, and the command restarts the program', async () => {
    await becomes('sensor.pi_camera_state', 'idle');
    expect(await value('binary_sensor.pi_camera_problem')).toBe('off');
    expect((await hass.state('sensor.pi_camera_state'))!.attributes).toMatchObject({ version: expect.stringMatching(/^\d/) });
    expect(await value('sensor.pi_camera_viewers')).toBe('0');
    expect(await value('sensor.pi_camera_captures')).toBe('0');
    expect(Number(await value('sensor.pi_camera_memory'))).toBeGreaterThan(10);

    const viewer = new Viewer(camera);
    await becomes('sensor.pi_camera_state', 'live');
    await becomes('sensor.pi_camera_viewers', '1');
    await becomes('sensor.pi_camera_captures', '1');
    await eventually(async () => Number(await value('sensor.pi_camera_frame_rate')) > 1, 'the rate is told');
    await viewer.close();

    await hass.call('rest_command.onvif_camera_restart', {});
    await camera.output(/is ready\.[\s\S]*is ready\.[\s\S]*\n\n/);
    await becomes('sensor.pi_camera_state', 'idle');
    expect(hass.errors(['rest', 'rest_command', 'sensor', 'template'])).toEqual([]);
  });

  test('with a password that holds no more the figures are unavailable, without a word in the log', async () => {
    const { port } = camera;
    await camera.stop();
    const from = hass.log.length;
    camera = await startCamera({ password: 'another one', args: ['--http-port', String(port)] });
    for (const name of ['frame_rate', 'viewers', 'captures', 'memory']) await becomes(`sensor.pi_camera_${name}`, 'unavailable');
    await becomes('sensor.pi_camera_state', 'idle');
    await camera.stop();
    // That nothing answered in between is another matter.
    const lines = hass.log.slice(from).split('\n');
    expect(lines.filter((line) => /template|pi_camera|regex_findall/i.test(line))).toEqual([]);
    camera = await startCamera({ args: ['--http-port', String(port)] });
    await becomes('sensor.pi_camera_viewers', '0');
  }, 60_000);

  test('the camera through ffmpeg gives a still and a stream that moves', async () => {
    const entity = 'camera.pi_camera_in_yaml';
    const answer = await hass.fetch(`/api/camera_proxy/${entity}`);
    expect(await shown(Buffer.from(await answer.arrayBuffer()))).toMatch(/^640x480 /);
    const { pictures } = await watch(await hass.fetch(`/api/camera_proxy_stream/${entity}`), (count) => count === 10);
    expect(new Set(pictures).size).toBeGreaterThan(5);
    expect(hass.errors(['ffmpeg', 'camera', 'haffmpeg'])).toEqual(
      // Of the old platform.
      hass.errors(['camera']).filter((line) => line.includes('platform setup')),
    );
  });

  test('the blueprint tells that the camera failed, why, and that it is well again', async () => {
    await becomes('sensor.pi_camera_state', 'idle');
    stage.play({ busy: true });
    const viewer = new Viewer(camera);
    await becomes('sensor.pi_camera_state', 'failed');
    expect(await value('binary_sensor.pi_camera_problem')).toBe('on');
    await becomes('input_boolean.failed', 'on');
    expect(await value('input_text.reason')).toBe('Pi Camera: CAMERA_BUSY');
    stage.play({});
    await becomes('input_boolean.failed', 'off');
    await viewer.close();

    const { port } = camera;
    await camera.stop();
    await becomes('sensor.pi_camera_state', 'unavailable');
    await becomes('input_boolean.failed', 'on');
    expect(await value('input_text.reason')).toBe('Pi Camera: unavailable');
    camera = await startCamera({ args: ['--http-port', String(port)] });
    await becomes('input_boolean.failed', 'off');
    expect((await hass.state('automation.quiet'))!.attributes).toMatchObject({ last_triggered: expect.stringMatching(/^\d/), current: 0 });
    expect(hass.errors(['automation', 'blueprint', 'persistent_notification', 'script'])).toEqual([]);
  }, 90_000);

  test('the blueprint of motion acts when something moves, and when it is over', async () => {
    await hass.call('input_boolean.turn_on', { entity_id: 'input_boolean.moves' });
    await becomes('input_text.motion', 'moves at Moving');
    await hass.call('input_boolean.turn_off', { entity_id: 'input_boolean.moves' });
    await becomes('input_text.motion', 'over');
  }, 60_000);

  describe('its page', () => {
    test('shows the card: the picture, which moves, and the state', async () => {
      const added = await hass.submit(await hass.begin('mjpeg'), {
        name: 'Pi Camera',
        mjpeg_url: `http://${NETWORK}.1:${camera.port}/stream.mjpg`,
        still_image_url: `http://${NETWORK}.1:${camera.port}/snapshot.jpg`,
        username: 'admin',
        password: PASSWORD,
        verify_ssl: true,
      });
      expect(added).toMatchObject({ type: 'create_entry' });
      const opened = await openDashboard(hass);
      browser = opened.browser;
      const { page } = opened;
      const picture = page.locator('hui-picture-entity-card img').first();
      await page.waitForFunction((image) => (image as HTMLImageElement).naturalWidth === 640, await picture.elementHandle());
      await page.getByText('Frame rate').waitFor();
      const first = await picture.screenshot();
      await eventually(async () => !(await picture.screenshot()).equals(first), 'the picture moves', 20);
      expect(await page.locator('hui-error-card, hui-warning').count()).toBe(0);
      await keep(page, 'homeassistant');
    }, 90_000);
  });
});
