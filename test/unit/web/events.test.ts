import { expect, test } from '@jest/globals';
import { parseEvents } from '../../../src/web/page/events.ts';

test('states and events, in short', () => {
  const source = { Source: 'video_source' };
  const answer = {
    states: [{ topic: 'VideoSource/MotionAlarm', since: '2026-01-02T03:04:05.000Z', source, data: { State: true } }],
    events: [{ topic: 'Media/ProfileChanged', kind: 'moment', time: '2026-01-02T03:04:06.000Z', source: { Token: 'mjpeg' }, data: {} }],
  };
  expect(parseEvents(answer)).toEqual({
    states: [{ topic: 'VideoSource/MotionAlarm', value: 'true', time: new Date('2026-01-02T03:04:05Z') }],
    events: [{ topic: 'Media/ProfileChanged', value: 'mjpeg', time: new Date('2026-01-02T03:04:06Z') }],
  });
});

test.each([undefined, null, [], {}, { states: [] }, { states: {}, events: [] }])('%j is no such answer', (json) => {
  expect(parseEvents(json)).toBeUndefined();
});
