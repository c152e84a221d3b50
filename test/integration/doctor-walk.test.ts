import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { AppError } from '../../src/core/errors.ts';
import type { Result } from '../../src/doctor/check.ts';
import type { ImageLibrary, Surroundings } from '../../src/doctor/surroundings.ts';
import { walkChecks } from '../../src/doctor/walk/walk.ts';
import { type Alter, AlteredCamera, at, inAnswerTo } from '../support/altered-camera.ts';
import { makePrograms, makeSurroundings } from '../support/doctor.ts';
import { needsProgram, program } from '../support/programs.ts';
import { PASSWORD, Server } from '../support/server.ts';
import { askMedia } from '../support/soap.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** The client's walk of `onvif-camera doctor` through a real camera, and through one that answers some things wrongly. */

let server: Server;
let camera: AlteredCamera;
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const LOGIN = { user: 'admin', password: PASSWORD };
const RTSP = /rtsp:\/\/127\.0\.0\.1:(\d+)/g;

beforeAll(async () => {
  server = await Server.start({ args: ['--source', 'test', '--width', '320', '--height', '240', '--discovery', 'off'] });
  camera = await AlteredCamera.start(server.url);
});
afterAll(async () => {
  camera.stop();
  await server.stop();
});
afterEach(() => {
  camera.alter = () => undefined;
});

const sharp = (await import('sharp')).default as ImageLibrary;

function surroundingsOf(more: Partial<Surroundings> = {}, searchPath = ''): Surroundings {
  return makeSurroundings(
    { config: { h264: { enabled: false } } },
    {
      version,
      server: { pid: server.pid, url: server.url, rtspPort: server.rtspPort, token: 'unused' },
      base: camera.url,
      login: LOGIN,
      loadImageLibrary: () => Promise.resolve(sharp),
      searchPath,
      ...more,
    },
  );
}

/** Makes all steps, or one and the login before it, and gives what each found. */
async function walk(surroundings: Surroundings, until?: string): Promise<Record<string, Result>> {
  const found: Record<string, Result> = {};
  for (const check of walkChecks(surroundings)) {
    if (until !== undefined && !['walk-login', until].includes(check.id)) continue;
    found[check.id] = await check.run(AbortSignal.timeout(25_000));
    if (check.id === until) break;
  }
  return found;
}
const step = async (id: string, alter: Alter, more: Partial<Surroundings> = {}): Promise<Result> => {
  camera.alter = alter;
  return (await walk(surroundingsOf(more), id))[id]!;
};

describe('a camera that is well', () => {
  test('passes without ffmpeg, by our own checks', async () => {
    const found = await walk(surroundingsOf({ base: server.url }));
    expect(found).toMatchObject({
      service: { level: 'ok', seen: expect.stringContaining(`process ${server.pid} at ${server.url}`) },
      'walk-date': { level: 'ok' },
      'walk-login': { level: 'ok', seen: expect.stringMatching(/^admin by WS-UsernameToken: /) },
      'walk-profiles': { level: 'ok', seen: 'mjpeg (JPEG 320x240, 15 per second)' },
      'walk-addresses': { level: 'ok', seen: 'all 4 lead to 127.0.0.1' },
      'walk-snapshot': { level: 'ok', seen: expect.stringMatching(/^320x240, \d+ kB, decoded$/) },
      'walk-mjpeg': { level: 'ok', seen: expect.stringMatching(/^two pictures, .*our own check/) },
      'walk-rtsp-tcp': { level: 'ok', seen: expect.stringMatching(/^\d+ packets .*our own check, nothing decoded/) },
      'walk-rtsp-udp': { level: 'ok', seen: expect.stringMatching(/^\d+ packets /) },
      'walk-rtsp-tunnel': { level: 'ok', seen: expect.stringMatching(/^\d+ packets /) },
      'walk-events': { level: 'ok', seen: expect.stringMatching(/^a pull point gives \d+ messages$/) },
    });
  });

  needsProgram(
    'ffmpeg',
    'passes with ffmpeg, on whose command line there is no password',
    async () => {
      const log = join(makeTempDir(), 'arguments');
      const dir = makePrograms({ ffmpeg: `echo "$*" >> '${log}'\nexec '${program('ffmpeg')}' "$@"` });
      const found = await walk(surroundingsOf({ base: server.url }, dir));
      for (const id of ['walk-mjpeg', 'walk-rtsp-tcp', 'walk-rtsp-udp', 'walk-rtsp-tunnel'])
        expect({ id, ...found[id] }).toMatchObject({ level: 'ok', seen: expect.stringContaining('ffmpeg decodes') });
      const commandLines = readFileSync(log, 'utf8');
      expect(commandLines.split('\n')).toHaveLength(5);
      expect(commandLines).not.toMatch(/admin|battery|127\.0\.0\.1/);
      // Four times ffmpeg, each of which waits for pictures: on a busy machine half a minute.
    },
    90_000,
  );

  test('is well with a profile that a recorder made and has not filled', async () => {
    expect((await askMedia(server, 'CreateProfile', '<Name>Recorder</Name><Token>rec</Token>')).status).toBe(200);
    const found = await walk(surroundingsOf({ base: server.url }));
    await askMedia(server, 'DeleteProfile', '<ProfileToken>rec</ProfileToken>');
    expect(found).toMatchObject({
      'walk-profiles': {
        level: 'ok',
        seen: 'mjpeg (JPEG 320x240, 15 per second), rec (no encoder: a recorder made it, and has not put one in)',
      },
      'walk-addresses': { level: 'ok', seen: 'all 4 lead to 127.0.0.1' },
      'walk-rtsp-tcp': { level: 'ok' },
    });
  });

  test('is walked through without a login where it asks for none', async () => {
    const open = await Server.start({
      args: ['--source', 'test', '--width', '320', '--height', '240', '--auth', 'off', '--discovery', 'off'],
    });
    try {
      const found = await walk(
        surroundingsOf({
          login: undefined,
          base: open.url,
          server: { pid: open.pid, url: open.url, rtspPort: open.rtspPort, token: 'unused' },
        }),
      );
      expect(found['walk-login']).toMatchObject({ level: 'ok', seen: expect.stringContaining('nobody asks for a login') });
      expect(found['walk-rtsp-tcp']).toMatchObject({ level: 'ok' });
      expect(found['walk-snapshot']).toMatchObject({ level: 'ok' });
    } finally {
      await open.stop();
    }
  });
});

describe('without a camera, or a password for it', () => {
  test('every step says how to start it', async () => {
    const found = await walk(surroundingsOf({ server: undefined, base: undefined }));
    expect(Object.keys(found)).toHaveLength(11);
    for (const result of Object.values(found))
      expect(result).toMatchObject({ level: 'skipped', seen: expect.stringContaining('start it (`onvif-camera`)') });
  });

  test('a password that nobody knows is no fault, a wrong one is', async () => {
    const unknown = new AppError('CAMERA_PASSWORD', "The camera's password is not known here.");
    const found = await walk(surroundingsOf({ login: undefined, noLogin: { error: unknown, given: false } }));
    expect(found['walk-date']).toMatchObject({ level: 'ok' });
    expect(found['walk-login']).toMatchObject({ level: 'skipped', seen: expect.stringContaining('--password-file') });
    expect(found['walk-snapshot']).toMatchObject({ level: 'skipped', seen: expect.stringContaining('walk-login') });
    const wrong = new AppError('CAMERA_PASSWORD', 'The camera does not take the given password of "admin".');
    expect(
      (await walk(surroundingsOf({ login: undefined, noLogin: { error: wrong, given: true } }), 'walk-login'))['walk-login'],
    ).toMatchObject({
      level: 'error',
    });
    const refused = await walk(surroundingsOf({ login: { user: 'admin', password: 'wrong' } }), 'walk-login');
    expect(refused['walk-login']).toMatchObject({
      level: 'error',
      seen: expect.stringContaining('admin is refused'),
      fix: expect.stringContaining('--password-file'),
    });
  });
});

describe('a camera that is not well', () => {
  const health = (body: object) => at('/healthz', { status: 200, type: 'application/json', body: Buffer.from(JSON.stringify(body)) });
  const shifted = (hours: number) =>
    inAnswerTo('GetSystemDateAndTime', (text) => {
      const time = new Date(Date.now() + hours * 3_600_000);
      const part = (name: string, value: number) => (found: string) => found.replace(new RegExp(`(<\\w+:${name}>)\\d+`), `$1${value}`);
      return text.replace(/<tt:UTCDateTime>[\s\S]*?<\/tt:UTCDateTime>/, (utc) =>
        [
          part('Hour', time.getUTCHours()),
          part('Minute', time.getUTCMinutes()),
          part('Second', time.getUTCSeconds()),
          part('Year', time.getUTCFullYear()),
          part('Month', time.getUTCMonth() + 1),
          part('Day', time.getUTCDate()),
        ].reduce((changed, change) => change(changed), utc),
      );
    });
  const fails = { level: 'error', fix: expect.any(String) } as const;

  test('by what it says of itself', async () => {
    expect(await step('service', health({ status: 'ok', camera: 'failed', error: 'CAMERA_BUSY', uptime: 9, version }))).toMatchObject({
      level: 'error',
      seen: expect.stringContaining('camera failed, for 9 s (CAMERA_BUSY)'),
      fix: expect.stringContaining('fuser'),
    });
    expect(await step('service', health({ status: 'ok', camera: 'live', uptime: 9000, version: '0.0.1' }))).toMatchObject({
      level: 'warning',
      seen: expect.stringContaining('for 2 h 30 min; it is version 0.0.1'),
      fix: expect.stringContaining('systemctl restart'),
    });
    expect(await step('service', health({ hello: 'world' }))).toMatchObject(fails);
  });

  test('by breaking off', async () => {
    const stopped = await AlteredCamera.start(server.url);
    const { url } = stopped;
    stopped.stop();
    expect((await walk(surroundingsOf({ base: url }), 'service')).service).toMatchObject({
      ...fails,
      seen: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('by its clock', async () => {
    expect(await step('walk-date', shifted(1))).toMatchObject({
      level: 'error',
      seen: expect.stringMatching(/^the camera's clock is 3600\.\d s fast against this one/),
      fix: expect.stringContaining('set-ntp true'),
    });
    expect(await step('walk-date', shifted(-30 / 3600))).toMatchObject({ level: 'warning', seen: expect.stringContaining('s slow') });
    expect(
      await step(
        'walk-date',
        inAnswerTo('GetSystemDateAndTime', () => 'no XML'),
      ),
    ).toMatchObject(fails);
  });

  test('by what node-onvif-ts cannot read', async () => {
    expect(
      await step(
        'walk-login',
        inAnswerTo('GetCapabilities', () => '<x/>'),
      ),
    ).toMatchObject({ ...fails, seen: expect.stringContaining('cannot connect') });
  });

  test('by its profiles', async () => {
    const config = makeSurroundings().settings;
    expect(await step('walk-profiles', () => undefined, { settings: config })).toMatchObject({
      level: 'warning',
      seen: expect.stringContaining('without H.264 first'),
      fix: expect.stringContaining('h264-trial'),
    });
  });

  test('by the addresses that it announces', async () => {
    expect(
      await step(
        'walk-addresses',
        inAnswerTo('GetSnapshotUri', (text) => text.replace('127.0.0.1', '10.9.8.7')),
      ),
    ).toMatchObject({
      level: 'error',
      seen: expect.stringMatching(/^asked at 127\.0\.0\.1, the camera sends clients to http:\/\/10\.9\.8\.7:/),
      fix: expect.stringContaining('http.trustedProxies'),
    });
    expect(
      await step(
        'walk-addresses',
        inAnswerTo('GetSnapshotUri', () => '<x/>'),
      ),
    ).toMatchObject({ ...fails, seen: 'the camera gives no address for mjpeg snapshot' });
  });

  test('by its snapshot', async () => {
    const error = { code: 'CAMERA_BUSY', message: 'The camera is in use by another program.', hint: 'Find it.' };
    const busy = at('/snapshot.jpg', { status: 503, type: 'application/json', body: Buffer.from(JSON.stringify({ error })) });
    expect(await step('walk-snapshot', busy)).toEqual({
      level: 'error',
      seen: '/snapshot.jpg is answered with 503: The camera is in use by another program.',
      fix: 'Find it.',
    });
    const noJpeg = at('/snapshot.jpg', { status: 200, type: 'image/jpeg', body: Buffer.from('GIF89a') });
    expect(await step('walk-snapshot', noJpeg)).toMatchObject({ ...fails, seen: '6 bytes that are no JPEG' });
    const half: Alter = (path) => (path === '/snapshot.jpg' ? (answer) => ({ ...answer, body: answer.body.subarray(0, 900) }) : undefined);
    expect(await step('walk-snapshot', half)).toMatchObject(fails);
    const undecoded = await step('walk-snapshot', () => undefined, { loadImageLibrary: () => Promise.reject(new Error('none')) });
    expect(undecoded).toMatchObject({ level: 'ok', seen: expect.stringContaining('not decoded') });
  });

  test('by its MJPEG stream', async () => {
    const ended = at('/stream.mjpg', { status: 200, type: 'multipart/x-mixed-replace; boundary=frame', body: Buffer.from('--frame\r\n') });
    expect(await step('walk-mjpeg', ended)).toMatchObject({ ...fails, seen: '0 of two pictures came.' });
  });

  test.each(['tcp', 'udp', 'tunnel'])('by RTSP over %s, which nobody answers', async (transport) => {
    const id = `walk-rtsp-${transport}`;
    const elsewhere = inAnswerTo('GetStreamUri', (text) =>
      text.replace(RTSP, 'rtsp://127.0.0.1:1').replace(/http:\/\/127\.0\.0\.1:\d+/, 'http://127.0.0.1:1'),
    );
    expect(await step(id, elsewhere)).toMatchObject({ ...fails, seen: expect.stringMatching(/ECONNREFUSED.*our own check/) });
    expect(
      await step(
        id,
        inAnswerTo('GetStreamUri', () => '<x/>'),
      ),
    ).toMatchObject({ ...fails, seen: 'the camera gives no address for mjpeg' });
  });

  needsProgram('ffmpeg', 'by RTSP, in the words of ffmpeg', async () => {
    const elsewhere = inAnswerTo('GetStreamUri', (text) => text.replace(RTSP, 'rtsp://127.0.0.1:1'));
    expect(await step('walk-rtsp-tcp', elsewhere, { searchPath: process.env.PATH! })).toMatchObject({
      ...fails,
      seen: expect.stringMatching(/^ffmpeg on .*refused/i),
    });
  });

  test('RTSP that is off is not walked', async () => {
    const off = { pid: server.pid, url: server.url, rtspPort: undefined, token: 'unused' };
    expect(await step('walk-rtsp-tcp', () => undefined, { server: off })).toEqual({ level: 'skipped', seen: 'rtsp.enabled is off' });
  });

  describe('with events', () => {
    const ENVELOPE = 'http://www.w3.org/2003/05/soap-envelope';
    const soap = (body: string) => ({
      status: 200,
      type: 'application/soap+xml',
      body: Buffer.from(`<s:Envelope xmlns:s="${ENVELOPE}"><s:Body>${body}</s:Body></s:Envelope>`),
    });
    /** A camera with another event service. */
    const withEvents =
      (pull: ReturnType<typeof soap>): Alter =>
      (path, asked) => {
        if (/GetCapabilities\b/.test(asked))
          return inAnswerTo('GetCapabilities', (text) => text.replace(/[^<>]*\/onvif\/event_service/, `${camera.url}/onvif/event_service`))(
            path,
            asked,
          );
        if (/CreatePullPointSubscription/.test(asked))
          return () =>
            soap(
              `<CreatePullPointSubscriptionResponse><w:SubscriptionReference><a:Address>${camera.url}/onvif/pull?id=1&amp;x=2</a:Address></w:SubscriptionReference></CreatePullPointSubscriptionResponse>`,
            );
        if (/PullMessages/.test(asked)) return path === '/onvif/pull?id=1&x=2' ? pull : undefined;
        return undefined;
      };

    test('a camera that has none is not asked', async () => {
      const without = inAnswerTo('GetCapabilities', (text) => text.replace(/<(\w+:Events)>.*?<\/\1>/s, ''));
      expect(await step('walk-events', without)).toEqual({ level: 'skipped', seen: 'this camera has no events' });
    });

    test('they are pulled', async () => {
      const messages = '<PullMessagesResponse><w:NotificationMessage/><w:NotificationMessage/></PullMessagesResponse>';
      expect(await step('walk-events', withEvents(soap(messages)))).toEqual({ level: 'ok', seen: 'a pull point gives 2 messages' });
    });

    test('the pull point is given back', async () => {
      let status: number | undefined;
      camera.alter = (_, asked) =>
        asked.includes('>http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/UnsubscribeRequest<')
          ? (answer) => {
              ({ status } = answer);
              return answer;
            }
          : undefined;
      expect((await walk(surroundingsOf(), 'walk-events'))['walk-events']).toMatchObject({ level: 'ok' });
      expect(status).toBe(200);
    });

    test('a fault is told with its reason', async () => {
      const fault = { ...soap('<s:Fault><s:Reason><s:Text xml:lang="en">No more pull points</s:Text></s:Reason></s:Fault>'), status: 500 };
      expect(await step('walk-events', withEvents(fault))).toMatchObject({
        ...fails,
        seen: 'no events: PullMessages is answered with 500: No more pull points',
      });
    });
  });
});
