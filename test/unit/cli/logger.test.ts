import { describe, expect, test } from '@jest/globals';
import { makeLogger } from '../../../src/cli/logger.ts';
import type { Config } from '../../../src/config/schema.ts';
import type { Logger } from '../../../src/core/log.ts';

interface Options {
  level?: Config['log']['level'];
  format?: Config['log']['format'];
  isTTY?: boolean;
  env?: Record<string, string>;
}

/** What is written when `use` logs. */
function written({ level = 'debug', format = 'auto', isTTY = false, env = {} }: Options, use: (log: Logger) => void): string {
  let text = '';
  use(makeLogger({ level, format }, { stderr: { write: (chunk) => (text += chunk), isTTY }, env }));
  return text;
}

const parsed = (text: string) => JSON.parse(text) as Record<string, unknown>;

/** Whatever is logged with secrets in it. */
const withSecrets = (log: Logger) =>
  log.info('request', {
    password: 'hunter2',
    authorization: 'Basic hunter2',
    token: 'hunter2',
    cookie: 'session=hunter2',
    user: { name: 'admin', password: 'hunter2' },
    headers: { authorization: 'Digest hunter2', cookie: 'hunter2', host: 'pi' },
    run: { token: 'hunter2', env: { ONVIF_CAMERA_PASSWORD: 'hunter2' } },
    env: { ONVIF_CAMERA_PASSWORD: 'hunter2', HASS_TOKEN: 'hunter2' },
    url: 'rtsp://admin:hunter2@192.168.1.5:8554/h264',
    args: ['-i', 'http://admin:hunter2@pi/stream.mjpg'],
  });

describe('JSON lines', () => {
  test('one object a line, with level, time, message and fields', () => {
    const text = written({ format: 'json' }, (log) => {
      log.info('camera live', { width: 640 });
      log.error('broken\nin two');
    });
    const [first, second, rest] = text.split('\n');
    expect(rest).toBe('');
    expect(parsed(first!)).toEqual({ level: 'info', time: expect.any(String), msg: 'camera live', width: 640 });
    expect(Math.abs(Date.parse(String(parsed(first!).time)) - Date.now())).toBeLessThan(60_000);
    expect(parsed(second!)).toMatchObject({ level: 'error', msg: 'broken\nin two' });
  });

  test('are what a program gets, unless it is a terminal', () => {
    expect(written({}, (log) => log.info('x'))).toMatch(/^\{/);
    expect(written({ isTTY: true }, (log) => log.info('x'))).not.toMatch(/^\{/);
    expect(written({ isTTY: true, format: 'json' }, (log) => log.info('x'))).toMatch(/^\{/);
    expect(written({ format: 'pretty' }, (log) => log.info('x'))).not.toMatch(/^\{/);
  });

  test('what a stranger sends cannot move the cursor of a terminal that shows them', () => {
    const evil = 'a\x1b[2J\x9b2J\x7f\u2028\u202eb\u{e0041}';
    const text = written({ format: 'json' }, (log) => log.warn(evil, { path: evil, list: [evil] }));
    expect(text.trimEnd()).toMatch(/^[\x20-\x7e]+$/);
    expect(parsed(text)).toMatchObject({ msg: evil, path: evil, list: [evil] });
  });

  test('hide secrets', () => {
    const text = written({ format: 'json' }, withSecrets);
    expect(text).not.toContain('hunter2');
    expect(parsed(text)).toMatchObject({ password: '…', user: { name: 'admin', password: '…' }, headers: { host: 'pi', cookie: '…' } });
  });
});

describe('pretty lines', () => {
  test('time of day, level, message, fields', () => {
    const text = written({ format: 'pretty' }, (log) =>
      log.warn('camera stalled', { code: 'CAMERA_BUSY', retryInSeconds: 0.3, list: [1] }),
    );
    expect(text).toMatch(/^\d\d:\d\d:\d\d WARN {2}camera stalled code=CAMERA_BUSY retryInSeconds=0\.3 list=\[1\]\n$/);
  });

  test('hide secrets', () => {
    const text = written({ format: 'pretty' }, withSecrets);
    expect(text).toContain('password=…');
    expect(text).not.toContain('hunter2');
  });

  test('have colours on a terminal only, and not against the user’s wish', () => {
    const line = (options: Options) => written({ format: 'pretty', ...options }, (log) => log.error('x'));
    expect(line({ isTTY: true })).toContain('\x1b[31mERROR\x1b[0m x');
    expect(line({ isTTY: true, env: { NO_COLOR: '1' } })).not.toContain('\x1b');
    expect(line({ isTTY: false })).not.toContain('\x1b');
  });

  test('what a stranger sends cannot move the cursor or forge a line', () => {
    const evil = 'a\x1b[2J\x9b2J\r\n12:00:00 INFO  all is well\x00';
    const text = written({ format: 'pretty' }, (log) => {
      log.warn(`wrong password from ${evil}`, { path: evil, list: [evil] });
    });
    expect(text.match(/\p{Cc}/gu)).toEqual(['\n', '\n']);
    expect(text.split('\n').filter((line) => /^\d\d:\d\d/.test(line))).toHaveLength(1);
    expect(text).toContain('path=a\\x1b[2J\\x9b2J\\x0d\\x0a12:00:00');
  });

  test('what a stranger sends cannot turn the direction of the text around', () => {
    const text = written({ format: 'pretty' }, (log) => log.warn('from \u202eabc\u2066\u2028', { user: 'x\u200fy' }));
    expect(text).toMatch(/from \\u202eabc\\u2066\\u2028 user=x\\u200fy\n$/);
  });

  test('a stack keeps its lines', () => {
    const text = written({ format: 'pretty' }, (log) => log.error('web server: Error: x\n    at y'));
    expect(text).toMatch(/web server: Error: x\n +at y\n$/);
  });
});

test.each(['json', 'pretty'] as const)('an address in a message keeps all but its user and password (%s)', (format) => {
  const text = written({ format }, (log) => {
    log.debug('cannot open rtsp://admin:a:b@c@192.168.1.5:8554/h264?x=1: refused, nor http://pi/');
    log.info('mail to somebody@example.org about http://pi:8080/stream.mjpg', { path: '/a//b@c' });
  });
  expect(text).toContain('cannot open rtsp://…@192.168.1.5:8554/h264?x=1: refused, nor http://pi/');
  expect(text).toContain('mail to somebody@example.org about http://pi:8080/stream.mjpg');
  expect(text).toContain('/a//b@c');
  if (format === 'json') for (const line of text.trim().split('\n')) expect(parsed(line)).toHaveProperty('msg');
});

test('a long path of a stranger is searched once, not from each of its letters', () => {
  const path = `/${'a'.repeat(200_000)}`;
  expect(written({ format: 'json' }, (log) => log.warn('wrong password', { path }))).toContain(path);
});

test('percent signs in messages are left alone', () => {
  expect(written({ format: 'pretty' }, (log) => log.info('%F %T %s %d 100%', { x: 1 }))).toContain(' %F %T %s %d 100% x=1\n');
});

test.each([
  ['debug', 4],
  ['info', 3],
  ['warn', 2],
  ['error', 1],
  ['silent', 0],
] as const)('at level %s %d of four lines come', (level, count) => {
  const text = written({ level, format: 'json' }, (log) => {
    log.debug('d');
    log.info('i');
    log.warn('w');
    log.error('e');
  });
  expect(text.split('\n').filter((line) => line !== '')).toHaveLength(count);
});
