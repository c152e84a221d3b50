import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { basic, PASSWORD } from '../support/server.ts';
import { ToldCamera } from '../support/told-camera.ts';

/** What happens in the camera, for programs: /api/v1/events and /metrics. */

const FLAGS = { bind: '127.0.0.1', discovery: 'off', h264: 'off' };
const SOURCE = { Source: 'video_source' };
const camera = new ToldCamera(FLAGS);
const open = new ToldCamera({ ...FLAGS, auth: 'off' });

beforeAll(async () => {
  await camera.start();
  await open.start();
});
afterAll(async () => {
  for (const each of [camera, open]) {
    await each.stop();
    each.remove();
  }
});

const ask = (path: string, { port }: ToldCamera = camera, headers: Record<string, string> = { Authorization: basic('admin', PASSWORD) }) =>
  fetch(`http://127.0.0.1:${port}${path}`, { headers });
interface Answer {
  readonly states: { readonly topic: string; readonly since: string; readonly source: object; readonly data: Record<string, unknown> }[];
  readonly events: { readonly topic: string; readonly kind: string; readonly time: string; readonly data: object }[];
}
const events = async () => (await (await ask('/api/v1/events')).json()) as Answer;
const motion = ({ topic }: { readonly topic: string }) => topic === 'VideoSource/MotionAlarm';

test('tells how it is, and what happened last, the newest first', async () => {
  const from = Date.now();
  expect((await events()).states.some(motion)).toBe(false);
  camera.moves(false);
  // That it was so from the beginning did not happen.
  expect((await events()).events.some(motion)).toBe(false);
  camera.moves(true);
  camera.moves(true);
  camera.moves(false);
  const answer = await ask('/api/v1/events');
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
  const { states, events: happened } = (await answer.json()) as Answer;
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/);
  const topic = 'VideoSource/MotionAlarm';
  expect(states.filter(motion)).toEqual([{ topic, since: time, source: SOURCE, data: { State: false } }]);
  expect(Date.parse(states.find(motion)!.since)).toBeGreaterThanOrEqual(from);
  expect(happened.filter(motion)).toEqual(
    [false, true].map((State) => ({ topic, kind: 'changed', time, source: SOURCE, data: { State } })),
  );
  expect(states.find((each) => each.topic === 'Monitoring/OperatingTime/LastReboot')?.data).toEqual({ Status: time });
});

test('is for those who may log in, and with --auth off for everybody', async () => {
  expect((await ask('/api/v1/events', camera, {})).status).toBe(401);
  expect((await ask('/api/v1/events', open, {})).status).toBe(200);
});

test('/metrics counts events by topic, and has every state as a number', async () => {
  const value = async (series: string) => {
    const line = (await (await ask('/metrics')).text()).split('\n').find((each) => each.startsWith(`onvif_camera_${series} `));
    return line === undefined ? undefined : Number(line.split(' ').at(-1));
  };
  const [told, state] = [
    'events_total{topic="VideoSource/MotionAlarm"}',
    'event_state{topic="VideoSource/MotionAlarm",source="video_source"}',
  ];
  camera.moves(false);
  const before = await value(told);
  camera.moves(true);
  expect([await value(told), await value(state)]).toEqual([before! + 1, 1]);
  camera.moves(false);
  expect([await value(told), await value(state)]).toEqual([before! + 2, 0]);
  expect(await value('event_state{topic="VideoSource/SignalLoss",source="video_source"}')).toBe(0);
  const startedAt = (await value('event_state{topic="Monitoring/OperatingTime/LastReboot",source=""}'))!;
  expect(startedAt).toBeGreaterThan(1e9);
  expect(startedAt).toBeLessThan(Date.now() / 1000);
});
