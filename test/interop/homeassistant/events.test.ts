import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { reportClient } from '../../support/clients.ts';
import { HomeAssistant } from '../../support/homeassistant/hass.ts';
import { withHomeAssistant } from '../../support/homeassistant/installation.ts';
import { Neighbour } from '../../support/network/neighbour.ts';
import { PictureFolder, yardWithWalker } from '../../support/pictures.ts';
import { eventually, PASSWORD } from '../../support/server.ts';
import { ToldCamera } from '../../support/told-camera.ts';

/** The camera's events in a real Home Assistant, by its integration "ONVIF". */

const NETWORK = '10.88.0';

withHomeAssistant(import.meta.filename, ['ffmpeg'], ({ venv }) => {
  let neighbour: Neighbour;
  let hass: HomeAssistant;
  const camera = new ToldCamera({ bind: '0.0.0.0', name: 'Front door', discovery: 'off' });

  reportClient('Home Assistant', () => hass.version());

  beforeAll(async () => {
    neighbour = await Neighbour.inLan(NETWORK);
    await camera.start();
    camera.moves(false);
    hass = await HomeAssistant.start({ venv, neighbour, address: `${NETWORK}.2` });
    // "auto": whether it is to look for cameras by itself.
    const form = await hass.submit(await hass.begin('onvif'), { auto: false });
    const login = { name: 'Front door', host: `${NETWORK}.1`, port: camera.port, username: 'admin', password: PASSWORD };
    expect(await hass.submit(form, login)).toMatchObject({ type: 'create_entry' });
  }, 240_000);
  afterAll(async () => {
    await hass?.stop();
    await camera.stop();
    camera.remove();
    neighbour?.stop();
  }, 60_000);

  const sensors = async () => (await hass.states()).filter(({ attributes }) => attributes.device_class === 'motion');
  /** Seconds until both sensors, one for each topic by which motion is told, are so. */
  const become = async (state: string): Promise<number> => {
    const from = performance.now();
    const isSo = async () => {
      const all = await sensors();
      return all.length === 2 && all.every((sensor) => sensor.state === state);
    };
    await eventually(isSo, `the motion sensors are ${state}`, 150);
    return (performance.now() - from) / 1000;
  };

  test('it makes a motion sensor of each topic, which go on and off with what the camera tells', async () => {
    await become('off');
    expect((await sensors()).map(({ entity_id }) => entity_id).sort()).toEqual([
      'binary_sensor.front_door_cell_motion_detection',
      'binary_sensor.front_door_motion_alarm',
    ]);
    for (const moves of [true, false, true, false]) {
      camera.moves(moves);
      // It draws breath for 0.75 s between two pulls.
      expect(await become(moves ? 'on' : 'off')).toBeLessThan(3);
    }
    expect(hass.errors(['onvif', 'zeep'])).toEqual([]);
  }, 120_000);

  test('after a restart of ours they follow what happens in the picture', async () => {
    await camera.stop();
    const yard = new PictureFolder().add(await yardWithWalker());
    try {
      await camera.start({ source: `images:${yard.dir}`, fps: '8', motion: 'on', 'motion-hold-time': '1' });
      // It waits for a minute when nobody answers.
      for (const state of ['on', 'off', 'on', 'off']) await become(state);
    } finally {
      await camera.stop();
      yard.remove();
    }
  }, 180_000);
});
