import { expect, test } from '@jest/globals';
import { describe as describeStatus, type Status } from '../../../src/cli/status.ts';

const NOW = new Date(2026, 0, 2, 14, 0, 0);

const status = (urls: Status['urls']): Status => ({
  name: 'Gate',
  version: '1.2.3',
  startedAt: NOW,
  camera: { state: 'idle', since: NOW, source: 'test pattern', width: 320, height: 240, fps: 0, error: null, notices: [] },
  motion: null,
  h264: null,
  viewers: [],
  discovery: { enabled: true, discoverable: true },
  urls,
});
const url = (label: string, text: string) => ({ id: text, label, url: text });
/** The column in which the values begin, by line. */
const columns = (text: string) =>
  text
    .split('\n')
    .filter((line) => line.startsWith('  '))
    .map((line) => line.search(/(?<=\S {2,})\S/));

test('values stand in one column, whatever the labels', () => {
  const short = describeStatus(status([url('Page', 'http://x/')]), NOW);
  expect(new Set(columns(short))).toEqual(new Set([17]));
  const long = describeStatus(status([url('Page', 'http://x/'), url('RTSP, H.264, small', 'rtsp://x/sub')]), NOW);
  expect(long).toContain('\n  RTSP, H.264, small  rtsp://x/sub\n');
  expect(long).toContain('\n  Page                http://x/\n');
  expect(new Set(columns(long))).toEqual(new Set([22]));
});

test('a label brings nothing to the terminal that moves its cursor', () => {
  expect(describeStatus(status([url('a\x1bb', 'http://x/')]), NOW)).toContain('  a\\x1bb');
});
