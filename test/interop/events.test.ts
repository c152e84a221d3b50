import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chromium } from 'playwright-core';
import { npmVersion, programVersion, reportClient } from '../support/clients.ts';
import { needsProgram, program } from '../support/programs.ts';
import { eventually, MAIN, PASSWORD, Server } from '../support/server.ts';
import { ToldCamera } from '../support/told-camera.ts';

/** The camera's events, in clients that we did not write. */

reportClient('npm onvif', () => npmVersion('onvif'));
reportClient('Chromium', () => programVersion('chromium', '--version'));

const require = createRequire(import.meta.url);
const camera = new ToldCamera({ bind: '127.0.0.1', width: '640', height: '480', discovery: 'off', h264: 'off' });

beforeAll(() => camera.start());
afterAll(async () => {
  await camera.stop();
  camera.remove();
});

/** The part of the library that is used here; it has callbacks and no types. */
interface Cam extends NodeJS.EventEmitter {
  getEventProperties(callback: (error: Error | null, properties: { topicSet: Record<string, object> }) => void): void;
  getCapabilities(callback: (error: Error | null, capabilities: { events: object }) => void): void;
  createPullPointSubscription(callback: (error: Error | null, subscription: object) => void): void;
  unsubscribe(callback: () => void): void;
}
interface Message {
  readonly topic: { readonly _: string };
  readonly message: {
    readonly message: {
      readonly $: { readonly PropertyOperation: string };
      readonly data: { readonly simpleItem: { $: { readonly Name?: unknown; readonly Value?: unknown } } };
    };
  };
}

describe('npm onvif, which Scrypted and UniFi Protect use', () => {
  const { Cam } = require('onvif') as { Cam: new (options: object, callback: (this: Cam, error: Error | null) => void) => Cam };
  const connect = () =>
    new Promise<Cam>((resolve, reject) => {
      new Cam({ hostname: '127.0.0.1', port: camera.port, username: 'admin', password: PASSWORD, timeout: 10_000 }, function (error) {
        if (error) reject(error);
        else resolve(this);
      });
    });

  test('finds the topics, is told of motion within a second, and asks for nothing while nothing happens', async () => {
    const cam = await connect();
    const { topicSet } = await asked<{ topicSet: Record<string, object> }>((answer) => cam.getEventProperties(answer));
    expect(topicSet.videoSource).toHaveProperty('motionAlarm');
    expect(topicSet.ruleEngine).toHaveProperty('cellMotionDetector');

    camera.moves(false);
    const errors: unknown[] = [];
    cam.on('eventsError', (error) => errors.push(error));
    let heard = 0;
    cam.on('event', () => heard++);
    const motion = (): Promise<string> =>
      new Promise((resolve) => {
        const listen = ({ topic, message }: Message) => {
          if (topic._ !== 'tns1:VideoSource/MotionAlarm') return;
          cam.off('event', listen);
          resolve(`${message.message.$.PropertyOperation} ${JSON.stringify(message.message.data.simpleItem.$)}`);
        };
        cam.on('event', listen);
      });
    expect(await motion()).toBe('Initialized {"Name":"State","Value":false}');
    for (const State of [true, false]) {
      const next = motion();
      // It renews before it pulls again.
      await new Promise((resolve) => setTimeout(resolve, 300));
      const from = performance.now();
      camera.moves(State);
      expect(await next).toBe(`Changed {"Name":"State","Value":${State}}`);
      expect(performance.now() - from).toBeLessThan(1000);
    }
    const before = heard;
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect([errors, heard]).toEqual([[], before]);
    await done(cam);
  }, 30_000);

  /**
   * It asks for the topics and the capabilities, subscribes before it listens, takes of a message nothing but its one value, and
   * leaves it to the library to come again.
   */
  test('as Scrypted uses it, waits in one request while nothing happens, hears motion begin and end, also after our restart', async () => {
    const cam = await connect();
    camera.moves(false);
    await asked((answer) => cam.getEventProperties(answer));
    const { events } = await asked<{ events: object }>((answer) => cam.getCapabilities(answer));
    expect(events).toMatchObject({ WSPullPointSupport: true });
    await asked((answer) => cam.createPullPointSubscription(answer));
    let requests = 0;
    cam.on('rawRequest', () => requests++);
    let motion: unknown[] = [];
    cam.on('event', ({ topic, message }: Message) => {
      const item = message.message.data?.simpleItem?.$;
      if (!item) return;
      if (topic._.includes('MotionAlarm')) motion.push(item.Value);
      else if (topic._.includes('RuleEngine/CellMotionDetector/Motion')) motion.push(`${item.Name} ${item.Value}`);
    });
    await eventually(() => motion.length === 2, 'the state of motion');
    // It renews, pulls the rest of the states, and renews again: over once there was none of it in fifty looks, which take a second.
    let before = requests;
    let looks = 0;
    await eventually(() => {
      looks = requests === before ? looks + 1 : 0;
      before = requests;
      return looks === 50;
    }, 'one request that waits');
    await new Promise((resolve) => setTimeout(resolve, 2000));
    expect(requests).toBe(before);
    const moves = async () => {
      for (const State of [true, false]) {
        camera.moves(State);
        await eventually(() => motion.at(-1) === `IsMotion ${State}`, `motion ${State}`, 2);
      }
    };
    await moves();
    const both = (state: boolean) => [state, `IsMotion ${state}`];
    expect(motion).toEqual([false, true, false].flatMap(both));
    // For each answer a Renew and a pull, and each may tell of one topic alone.
    expect(requests - before).toBeLessThanOrEqual(8);
    await camera.stop();
    motion = [];
    await camera.start();
    camera.moves(false);
    await eventually(() => motion.length === 2, 'the state of motion after the restart');
    await moves();
    expect(motion).toEqual([false, true, false].flatMap(both));
    await done(cam);
  }, 60_000);

  const done = (cam: Cam) => {
    cam.removeAllListeners('event');
    return new Promise<void>((resolve) => cam.unsubscribe(() => resolve()));
  };
  const asked = <T>(ask: (answer: (error: Error | null, value: T) => void) => void): Promise<T> =>
    new Promise((resolve, reject) => ask((error, value) => (error ? reject(error) : resolve(value))));
});

test('onvif-camera events shows live what another camera tells, also after its restart, until it is stopped', async () => {
  camera.moves(false);
  const command = Server.spawn({ command: ['events', '--url', `http://127.0.0.1:${camera.port}`, '--json'] });
  await command.output(/MotionAlarm[^\n]*Initialized/);
  camera.moves(true);
  await command.output(/MotionAlarm[^\n]*Changed[^\n]*"State":"true"/);
  const before = command.stdout;
  await camera.stop();
  await command.output(/It is tried again, until Ctrl-C/);
  command.stdout = '';
  await camera.start();
  camera.moves(true);
  await command.output(/MotionAlarm[^\n]*"State":"true"/);
  expect(command.stderr).toContain('The camera is back.');
  for (const line of (before + command.stdout).trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('topic');
  command.process.kill('SIGINT');
  expect(await command.ended).toEqual({ code: 0, signal: null });
}, 30_000);

test('onvif-camera events ends when nobody reads it any more', async () => {
  camera.moves(false);
  const url = `http://127.0.0.1:${camera.port}`;
  const command = Server.spawn({
    program: ['sh', '-c', '"$@" | head -n 1', 'sh', process.execPath, MAIN],
    command: ['events', '--url', url],
  });
  await command.output(/\n/);
  const ticks = setInterval(() => camera.moves(Date.now() % 2 === 0), 50);
  expect(await command.ended).toEqual({ code: 0, signal: null });
  clearInterval(ticks);
}, 30_000);

test('onvif-camera events says what is wrong', async () => {
  const command = Server.spawn({ command: ['events', '--url', `http://127.0.0.1:${camera.port}`], password: 'wrong' });
  expect((await command.ended).code).toBe(1);
  expect(command.stderr).toMatch(/does not take the password of "admin"/);
}, 30_000);

needsProgram(
  'chromium',
  'the page shows how things are and what happened, live, and that nothing has',
  async () => {
    await camera.stop();
    await camera.start();
    const browser = await chromium.launch({ executablePath: program('chromium')!, args: ['--no-sandbox', '--disable-gpu'] });
    try {
      const page = await browser.newPage();
      page.setDefaultTimeout(15_000);
      await page.goto(`http://127.0.0.1:${camera.port}`);
      await page.getByLabel('User').fill('admin');
      await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
      await page.getByRole('button', { name: 'Log in' }).click();
      const asked = () => page.waitForResponse((response) => response.url().endsWith('/api/v1/events'));
      const first = asked();
      await page.getByRole('heading', { name: 'Events' }).click();
      await first;
      const nothing = page.getByText('Nothing has happened since the start.');
      await nothing.waitFor();
      await (await asked()).finished();
      await (await asked()).finished();
      expect(await nothing.isVisible()).toBe(true);
      camera.moves(false);
      await page.locator('#eventStates li', { hasText: /VideoSource\/MotionAlarm false/ }).waitFor();
      camera.moves(true);
      await page.locator('#eventList li', { hasText: /VideoSource\/MotionAlarm true/ }).waitFor();
      await nothing.waitFor({ state: 'hidden' });
    } finally {
      await browser.close();
    }
  },
  60_000,
);
