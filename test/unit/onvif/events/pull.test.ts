import { beforeEach, describe, expect, test } from '@jest/globals';
import { eventService, MOTION, SOURCE, told } from '../../../support/onvif-events.ts';

let events: Awaited<ReturnType<typeof eventService>>;

beforeEach(async () => {
  events = await eventService();
  events.bus.set(MOTION, SOURCE, { State: false });
});

describe('a pull point', () => {
  test('has the address by which the client came, as an IP literal, with its own path', async () => {
    const { xml } = await events.ask('<tev:CreatePullPointSubscription/>');
    expect(xml).toMatch(/<wsa:Address[^>]*>http:\/\/192\.168\.1\.5:8080\/onvif\/subscription\/[0-9a-f]{18}<\/wsa:Address>/);
    expect(await events.pullPoint()).not.toBe(await events.pullPoint());
  });

  test('tells every state at first, then changes', async () => {
    const path = await events.pullPoint();
    expect(told(await events.pull(path))).toEqual(['MotionAlarm Initialized State=false']);
    events.bus.set(MOTION, SOURCE, { State: true });
    events.bus.set(MOTION, SOURCE, { State: false });
    events.bus.tell('Media/ProfileChanged', { Token: 'mjpeg' }, {});
    expect(told(await events.pull(path))).toEqual(['MotionAlarm Changed State=true', 'MotionAlarm Changed State=false', 'ProfileChanged']);
    expect(told(await events.pull(path))).toEqual([]);
  });

  test('tells at most as much as is asked, and the rest next time', async () => {
    const path = await events.pullPoint();
    events.bus.set(MOTION, SOURCE, { State: true });
    expect(told(await events.pull(path, 'PT1S', 1))).toEqual(['MotionAlarm Initialized State=false']);
    expect(told(await events.pull(path, 'PT1S', 1))).toEqual(['MotionAlarm Changed State=true']);
  });
});
