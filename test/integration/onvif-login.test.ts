import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { SoapHttpAnswer } from '../../src/protocols/soap/http.ts';
import {
  ADMIN_PASSWORD,
  envelope,
  faultCodes,
  fixture,
  security,
  startEndpoint,
  tds,
  trt,
  USER_PASSWORD,
} from '../support/onvif-endpoint.ts';
import { basic } from '../support/server.ts';

const DEVICE_INFORMATION = tds('GetDeviceInformation');
const ADMIN = basic('admin', ADMIN_PASSWORD);

const challengesOf = ({ headers }: SoapHttpAnswer) => (headers['WWW-Authenticate'] ?? []) as readonly string[];

/** The Authorization header that answers a challenge with Digest. */
function digestHeader(challenges: readonly string[], uri: string, password: string): string {
  const nonce = /nonce="([^"]+)"/.exec(challenges[1]!)![1]!;
  const md5 = (text: string) => createHash('md5').update(text).digest('hex');
  const response = md5(`${md5(`admin:onvif-camera:${password}`)}:${nonce}:00000001:c:auth:${md5(`POST:${uri}`)}`);
  return `Digest username="admin", realm="onvif-camera", nonce="${nonce}", uri="${uri}", qop=auth, nc=00000001, cnonce="c", response="${response}"`;
}

describe('who may ask', () => {
  test('without credentials: 401, challenges and a fault', async () => {
    const { post, calls } = await startEndpoint();
    const answer = await post(envelope(DEVICE_INFORMATION));
    expect(answer.status).toBe(401);
    expect(faultCodes(answer)).toBe('Sender/NotAuthorized');
    expect(challengesOf(answer).map((challenge) => challenge.split(' ')[0])).toEqual(['Digest', 'Digest', 'Basic']);
    expect(calls).toEqual([]);
  });

  test.each([
    'agsh-get-profiles',
    'node-onvif-get-stream-uri',
    'go2rtc-get-device-information',
    'zeep-get-profiles',
    'zoneminder-get-profiles-soap11',
    'frigate-password-text',
    'wcf-get-device-information',
  ])('%s passes', async (name) => {
    const { post, calls } = await startEndpoint();
    expect((await post(fixture(name))).status).toBe(200);
    expect(calls[0]?.context.user?.name).toBe('admin');
  });

  test('libonvif passes with one nonce for ever', async () => {
    const { post } = await startEndpoint();
    expect([(await post(fixture('libonvif-1'))).status, (await post(fixture('libonvif-2'))).status]).toEqual([200, 200]);
  });

  test('the arguments of a real request arrive', async () => {
    const { post, calls } = await startEndpoint();
    await post(fixture('node-onvif-get-stream-uri'));
    expect(calls[0]).toMatchObject({
      name: 'GetStreamUri',
      request: { StreamSetup: { Stream: 'RTP-Unicast', Transport: { Protocol: 'RTSP' } }, ProfileToken: 'mjpeg' },
    });
  });

  test.each<[string, string, string]>([
    ['a wrong password', security({ password: 'other' }), 'wrong'],
    ['an unknown user', security({ username: 'nobody' }), 'wrong'],
    ['no nonce', security().replace(/<w:Nonce>.*<\/w:Nonce>/, ''), 'wrong'],
    ['no Created', security().replace(/<u:Created>.*<\/u:Created>/, ''), 'wrong'],
    ['a token from 2001', security({ created: '2001-01-01T00:00:00Z' }), 'clock'],
    ['a token from tomorrow', security({ created: '2026-01-03T03:04:05Z' }), 'clock'],
  ])('%s: 400 and NotAuthorized', async (_, header, reason) => {
    const { post, calls } = await startEndpoint();
    const answer = await post(envelope(DEVICE_INFORMATION, header));
    expect(answer.status).toBe(400);
    expect(faultCodes(answer)).toBe('Sender/NotAuthorized');
    expect(answer.body).toContain(reason);
    expect(answer.headers['WWW-Authenticate']).toBeUndefined();
    expect(calls).toEqual([]);
  });

  test('a replayed token: 400', async () => {
    const { post } = await startEndpoint();
    const text = envelope(DEVICE_INFORMATION, security());
    expect((await post(text)).status).toBe(200);
    const again = await post(text);
    expect([again.status, faultCodes(again)]).toEqual([400, 'Sender/NotAuthorized']);
    expect(again.body).toContain('used before');
  });

  test('Basic and Digest of HTTP pass', async () => {
    const { post, calls } = await startEndpoint();
    expect((await post(envelope(DEVICE_INFORMATION), { authorization: ADMIN })).status).toBe(200);
    const challenges = challengesOf(await post(envelope(DEVICE_INFORMATION)));
    const authorization = digestHeader(challenges, '/onvif/device_service', ADMIN_PASSWORD);
    expect((await post(envelope(DEVICE_INFORMATION), { authorization })).status).toBe(200);
    expect(calls.map((call) => call.context.user?.name)).toEqual(['admin', 'admin']);
  });

  test('wrong credentials of HTTP: 401; a nonce from before the restart: 401 with stale', async () => {
    const { post } = await startEndpoint();
    expect((await post(envelope(DEVICE_INFORMATION), { authorization: basic('admin', 'x') })).status).toBe(401);
    const elsewhere = await startEndpoint();
    const challenges = challengesOf(await elsewhere.post(envelope(DEVICE_INFORMATION)));
    const stale = await post(envelope(DEVICE_INFORMATION), {
      authorization: digestHeader(challenges, '/onvif/device_service', ADMIN_PASSWORD),
    });
    expect(stale.status).toBe(401);
    expect(challengesOf(stale)[0]).toContain('stale=true');
  });

  test('of both kinds given, both must be right, HTTP first', async () => {
    const { post } = await startEndpoint();
    const good = envelope(DEVICE_INFORMATION, security());
    const bad = envelope(DEVICE_INFORMATION, security({ password: 'x' }));
    expect((await post(good, { authorization: basic('admin', 'x') })).status).toBe(401);
    expect((await post(bad, { authorization: basic('admin', 'x') })).status).toBe(401);
    expect((await post(bad, { authorization: ADMIN })).status).toBe(400);
    expect((await post(good, { authorization: ADMIN })).status).toBe(200);
  });

  test('operations that need no login ignore wrong credentials of any kind', async () => {
    const { post, lines } = await startEndpoint();
    for (const authorization of [undefined, basic('admin', 'x'), 'nonsense'])
      expect(
        (await post(envelope(tds('GetSystemDateAndTime'), security({ password: 'x', created: '2001-01-01T00:00:00Z' })), { authorization }))
          .status,
      ).toBe(200);
    expect(lines).toEqual([]);
  });

  test('the level decides', async () => {
    const { post } = await startEndpoint();
    const authorization = basic('watcher', USER_PASSWORD);
    expect((await post(envelope(DEVICE_INFORMATION), { authorization })).status).toBe(200);
    expect((await post(envelope(trt('GetProfiles')), { authorization })).status).toBe(200);
    for (const body of [tds('CreateUsers'), tds('SystemReboot'), trt('CreateProfile')]) {
      const answer = await post(envelope(body), { authorization });
      expect([answer.status, faultCodes(answer)]).toEqual([400, 'Sender/NotAuthorized']);
    }
  });

  describe('with authentication off', () => {
    /** Of each class that needs no login then, and of each that does. */
    const FREE = [tds('GetHostname'), DEVICE_INFORMATION, trt('GetProfiles'), trt('GetStreamUri')];
    const GUARDED = [tds('CreateUsers'), tds('GetZeroConfiguration'), tds('SystemReboot'), trt('CreateProfile')];

    test('everybody may watch and read; wrong and blank credentials are ignored, and are no guesses', async () => {
      const { post, calls, lines, clock } = await startEndpoint({ auth: 'off' });
      expect((await post(fixture('blank-credentials'))).status).toBe(200);
      for (const body of FREE) {
        const wrong = envelope(body, security({ password: 'x' }));
        const answers = [
          post(envelope(body)),
          post(wrong),
          post(wrong, { authorization: 'nonsense' }),
          post(envelope(body), { authorization: basic('admin', 'x') }),
        ];
        expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      }
      expect(calls.map((call) => call.context.user)).toEqual(new Array(17).fill(undefined));
      expect(lines).toEqual([]);
      expect(clock.pending).toBe(0);
    });

    test('who changes something, or wants to see secrets, has to show that he may', async () => {
      const { post, calls } = await startEndpoint({ auth: 'off' });
      for (const [at, body] of GUARDED.entries()) {
        const stranger = await post(envelope(body));
        expect([stranger.status, faultCodes(stranger)]).toEqual([401, 'Sender/NotAuthorized']);
        expect(challengesOf(stranger).map((challenge) => challenge.split(' ')[0])).toEqual(['Digest', 'Digest', 'Basic']);
        const wrong = await post(envelope(body, security({ password: 'x', nonce: `${at}` })), { remoteAddress: `192.168.1.${at}` });
        expect([wrong.status, faultCodes(wrong)]).toEqual([400, 'Sender/NotAuthorized']);
        const watcher = await post(envelope(body), { authorization: basic('watcher', USER_PASSWORD) });
        expect([watcher.status, faultCodes(watcher)]).toEqual([400, 'Sender/NotAuthorized']);
      }
      const blank = fixture('blank-credentials').replace('GetDeviceInformation', 'CreateUsers');
      expect((await post(blank)).status).toBe(400);
      expect(calls).toEqual([]);
      for (const body of [tds('CreateUsers'), trt('CreateProfile')])
        expect((await post(envelope(body), { authorization: ADMIN })).status).toBe(200);
      expect((await post(envelope(tds('CreateUsers'), security()))).status).toBe(200);
      expect(calls.map((call) => call.context.user?.name)).toEqual(['admin', 'admin', 'admin']);
    });

    test('guessing is slowed down as ever', async () => {
      const { post, clock } = await startEndpoint({ auth: 'off' });
      for (let index = 0; index < 5; index++)
        expect((await post(envelope(tds('CreateUsers'), security({ password: 'x' })))).status).toBe(400);
      let answered = false;
      const sixth = post(envelope(tds('CreateUsers'), security({ password: 'x' }))).then(() => {
        answered = true;
      });
      await clock.advanceAsync(0);
      expect(answered).toBe(false);
      await clock.advanceAsync(2000);
      await sixth;
    });
  });

  test('blank credentials with authentication on are wrong ones', async () => {
    const { post } = await startEndpoint();
    expect((await post(fixture('blank-credentials'))).status).toBe(400);
  });

  test("Synology's probe without credentials gets its own answer, other strangers and wrong passwords the usual one", async () => {
    const { post, calls } = await startEndpoint();
    const answer = await post(fixture('synology-create-profile'));
    expect([answer.status, faultCodes(answer)]).toEqual([500, 'Receiver/Action/MaxNVTProfiles']);
    expect((await post(fixture('synology-create-profile').replace('SynoTestProfile', 'Other'))).status).toBe(401);
    expect((await post(fixture('synology-create-profile'), { authorization: basic('admin', 'x') })).status).toBe(401);
    expect(calls).toEqual([]);
  });

  test('guessing is slowed down for the guesser alone', async () => {
    const { post, clock, lines } = await startEndpoint();
    const guess = (index: number) => post(envelope(DEVICE_INFORMATION, security({ password: 'x', nonce: `${index}` })));
    for (let index = 0; index < 6; index++) {
      const answer = guess(index);
      await clock.advanceAsync(index < 5 ? 0 : 500);
      expect((await answer).status).toBe(400);
    }
    const waiting = Array.from({ length: 65 }, (_, index) => guess(index));
    expect((await waiting[0]!).status).toBe(429);
    expect((await waiting[0]!).headers['Retry-After']).toBe('5');
    expect((await post(envelope(DEVICE_INFORMATION, security()), { remoteAddress: '192.168.1.78' })).status).toBe(200);
    expect((await post(envelope(tds('GetHostname')))).status).toBe(200);
    await clock.advanceAsync(240_000);
    expect((await Promise.all(waiting.slice(1))).map((answer) => answer.status)).toEqual(new Array(64).fill(400));
    expect(lines[0]).toContain('192.168.1.77');
  });

  test('one who goes while he waits is forgotten', async () => {
    const { post, clock } = await startEndpoint();
    for (let index = 0; index < 5; index++) await post(envelope(DEVICE_INFORMATION, security({ password: 'x' })));
    const gone = new AbortController();
    const waiting = post(envelope(DEVICE_INFORMATION, security()), { signal: gone.signal });
    gone.abort();
    await waiting;
    expect(clock.pending).toBe(0);
  });
});
