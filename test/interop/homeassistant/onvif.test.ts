import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { HomeAssistant } from '../../support/homeassistant/hass.ts';
import { withHomeAssistant } from '../../support/homeassistant/installation.ts';
import { Neighbour } from '../../support/network/neighbour.ts';
import { PASSWORD, Server } from '../../support/server.ts';

/** Home Assistant's integration "ONVIF": it finds the camera by its own WS-Discovery. */

const NETWORK = '10.88.0';

withHomeAssistant(import.meta.filename, [], ({ venv }) => {
  let neighbour: Neighbour;
  let hass: HomeAssistant;
  let camera: Server;

  beforeAll(async () => {
    neighbour = await Neighbour.start();
    neighbour.connect('lan', NETWORK);
    neighbour.prefer('lan');
    [hass, camera] = await Promise.all([
      HomeAssistant.start({ venv, neighbour, address: `${NETWORK}.2` }),
      Server.start({ args: ['--bind', '0.0.0.0', '--source', 'test', '--name', 'Front door'] }),
    ]);
  }, 120_000);
  afterAll(async () => {
    await hass?.stop();
    await camera?.stop();
    neighbour?.stop();
  }, 60_000);

  test('finds the camera, with name, address and port, and logs in; without H.264 it does not take it', async () => {
    const from = hass.log.length;
    const list = await hass.submit(await hass.begin('onvif'), { auto: true });
    expect(list).toMatchObject({ type: 'form', step_id: 'device' });
    const found = list.data_schema![0]!.options!.filter(([host]) => host === `${NETWORK}.1`);
    expect(found).toEqual([[`${NETWORK}.1`, expect.stringMatching(/^Front door \(10\.88\.0\.1\) \[.+\]$/)]]);

    const form = await hass.submit(list, { host: `${NETWORK}.1` });
    expect(form).toMatchObject({ type: 'form', step_id: 'configure' });
    const filled = Object.fromEntries(form.data_schema!.map((field) => [field.name, field.default]));
    expect(filled).toEqual({ name: 'Front door', host: `${NETWORK}.1`, port: camera.port, username: '', password: '' });

    const wrong = await hass.submit(form, { ...filled, username: 'admin', password: 'wrong' });
    expect(wrong).toMatchObject({ type: 'form', errors: { password: 'auth_failed' } });
    const end = await hass.submit(wrong, { ...filled, username: 'admin', password: PASSWORD });
    expect(end).toMatchObject({ type: 'abort', reason: 'no_h264' });
    expect(hass.errors(['onvif', 'zeep'], from)).toEqual([]);
  }, 60_000);

  test('onvif-camera homeassistant --as onvif says so', async () => {
    const command = ['homeassistant', '--url', hass.url, '--token', hass.token, '--as', 'onvif'];
    const child = Server.spawn({ command, dataDir: camera.dataDir });
    expect(await child.ended).toMatchObject({ code: 1 });
    expect(child.stderr).toContain('(no_h264).\nAdd it with --as mjpeg.');
  });
});
