import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { receiverReport } from '../support/rtp/received.ts';
import { RtspClient, type TunnelClient } from '../support/rtsp-client.ts';
import { GUEST, PlayedRtspServer, settle } from '../support/rtsp-server.ts';
import { basic, PASSWORD } from '../support/server.ts';
import { Watched } from '../support/watched.ts';

/**
 * A tunnel's cookie is the client's own and no secret: a neighbour behind the same address may know it, and everybody behind
 * one proxy has one address. Here all come from 127.0.0.1.
 */

const COOKIE = 'known-to-all';
const URL = 'rtsp://127.0.0.1/mjpeg';

let played: PlayedRtspServer;
let others: Socket[];

/** One half of a tunnel, sent by somebody who knows the cookie. */
class Half extends Watched {
  readonly socket: Socket;
  text = '';
  closed = false;

  constructor(method: 'GET' | 'POST', cookie = COOKIE) {
    super();
    this.socket = connect({ port: played.server.port, host: '127.0.0.1', noDelay: true });
    others.push(this.socket);
    this.socket.on('error', () => {});
    this.socket.on('data', (chunk) => {
      this.text += chunk.toString('latin1');
      this.changed();
    });
    this.socket.on('close', () => {
      this.closed = true;
      this.changed();
    });
    this.socket.write(`${method} /mjpeg HTTP/1.0\r\nx-sessioncookie: ${cookie}\r\n\r\n`);
  }

  /** Sends what is then base64. */
  say(text: string | Buffer): this {
    this.socket.write(Buffer.from(text).toString('base64'));
    return this;
  }

  ask(method: string, headers: Readonly<Record<string, string>> = {}, url = URL): this {
    const lines = Object.entries({ CSeq: '77', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
    return this.say(`${method} ${url} RTSP/1.0\r\n${lines.join('')}\r\n`);
  }

  async isRefused(): Promise<void> {
    await this.until(() => this.closed, 'the end of the POST');
    expect(this.text).toMatch(/^HTTP\/1\.0 403 /);
  }
}

beforeEach(async () => {
  others = [];
  played = await PlayedRtspServer.start({}, true);
});
afterEach(async () => {
  for (const socket of others) socket.destroy();
  await played.stop();
});

/** A client that plays by a tunnel. */
async function plays(): Promise<TunnelClient> {
  const client = await RtspClient.tunnel(played.server.port, { cookie: COOKIE });
  played.clients.push(client);
  client.sendPost();
  expect((await client.playInterleaved('/mjpeg')).status).toBe(200);
  await goesOn(client);
  return client;
}

/** It gets pictures, its requests are answered at once, and nothing else is. */
async function goesOn(client: TunnelClient): Promise<void> {
  await settle();
  const { count } = client.stream();
  played.show();
  await client.until(() => client.stream().count > count, 'a picture');
  const answers = client.replies.length;
  expect((await client.request('GET_PARAMETER', client.url('/mjpeg'))).status).toBe(200);
  expect(client.replies.length).toBe(answers + 1);
  expect(client.stream()).toMatchObject({ missed: 0, torn: 0, strange: 0, saidGoodbye: false });
}

describe("somebody else's POST on a tunnel that plays", () => {
  test.each<[string, (client: TunnelClient) => Half]>([
    ['without a login cannot pause', ({ session }) => new Half('POST').ask('PAUSE', { Session: session! })],
    ['without a login cannot end', ({ session }) => new Half('POST').ask('TEARDOWN', { Session: session! })],
    ['without a login cannot set up', () => new Half('POST').ask('SETUP', { Transport: 'RTP/AVP/TCP;interleaved=2-3' })],
    ['without a login asks nothing', () => new Half('POST').ask('OPTIONS')],
    ['cannot have an unknown method answered', () => new Half('POST').ask('FLY')],
    ['cannot have another version answered', () => new Half('POST').say('OPTIONS * RTSP/2.0\r\nCSeq: 1\r\n\r\n')],
    ['cannot have an option answered', () => new Half('POST').ask('DESCRIBE', { Require: 'onvif-replay' })],
    [
      'with a wrong password is refused',
      ({ session }) => new Half('POST').ask('TEARDOWN', { Session: session!, Authorization: basic('admin', 'wrong') }),
    ],
    [
      'with the login of another user is refused',
      ({ session }) => new Half('POST').ask('TEARDOWN', { Session: session!, Authorization: basic(GUEST.user, GUEST.password) }),
    ],
    ['cannot end it with what is no RTSP', () => new Half('POST').say('hello\r\n\r\n')],
    ['cannot end it with what is too long', () => new Half('POST').say(`OPTIONS /${'x'.repeat(9000)} RTSP/1.0\r\n\r\n`)],
    [
      'cannot end it with what is no base64',
      () => {
        const half = new Half('POST');
        half.socket.write('T1BUSU9OUw!!');
        return half;
      },
    ],
  ])('%s', async (_what, intrude) => {
    const client = await plays();
    await intrude(client).isRefused();
    await goesOn(client);
    expect(played.complaints.filter((each) => !each.includes('wrong user name'))).toEqual([]);
  });

  test('cannot put itself between two of its requests, nor halves of one', async () => {
    const client = await plays();
    new Half('POST').say('SET_PARAMETER * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 60000\r\n\r\n');
    await goesOn(client);
    client.raw('OPTIONS * RTSP/1.0\r\nCS');
    await settle();
    new Half('POST').say('eq: 1\r\n\r\n');
    await settle();
    const answers = client.replies.length;
    client.raw('eq: 5\r\n\r\n');
    await client.until(() => client.replies.length > answers, 'the answer');
    expect(client.replies.at(-1)!.headers.cseq).toBe('5');
    await goesOn(client);
  });

  test('many of them push out none of its own', async () => {
    const client = await plays();
    const closed = once(client.input, 'close');
    const halves = Array.from({ length: 20 }, () => new Half('POST'));
    await Promise.all(halves.slice(0, -2).map((half) => half.until(() => half.closed, 'the oldest are closed')));
    await goesOn(client);
    expect(await Promise.race([closed.then(() => 'closed'), settle().then(() => 'open')])).toBe('open');
    // Those that are left are closed in the end.
    played.clock.advance(70_000);
    played.clock.advance(1000);
    await Promise.all(halves.map((half) => half.until(() => half.closed, 'all are closed')));
    await goesOn(client);
  });

  test('that guesses passwords does not keep it waiting', async () => {
    const client = await plays();
    const headers = { Authorization: basic('admin', 'wrong') };
    for (let k = 0; k < 6; k++) {
      const half = new Half('POST').ask('DESCRIBE', headers);
      if (k < 4) await half.isRefused();
    }
    await settle();
    // By now the address has to wait for its next guess, and the clock stands still.
    await goesOn(client);
  });

  test('cannot pass packets off as its own', async () => {
    const client = await plays();
    const { ssrc } = client.stream().senderReports[0]!;
    const packet = (report: Buffer) => Buffer.concat([Buffer.of(0x24, 1, 0, report.length), report]);
    new Half('POST').say(packet(receiverReport(ssrc, 1000)));
    await goesOn(client);
    client.raw(packet(receiverReport(ssrc, 5)));
    await goesOn(client);
    expect(played.server.counters.packetsLost).toBe(5);
  });
});

describe('its own new POST', () => {
  test('goes on with the same login', async () => {
    const client = await plays();
    for (let k = 0; k < 4; k++) {
      await client.renewPost();
      await goesOn(client);
    }
  });

  test('is asked for a new answer where the nonce is old', async () => {
    const client = await plays();
    played.clock.advance(6 * 60_000);
    await client.renewPost();
    const answers = client.replies.length;
    expect((await client.request('GET_PARAMETER', client.url('/mjpeg'))).status).toBe(200);
    expect(client.replies.slice(answers).map(({ status }) => status)).toEqual([401, 200]);
    expect(client.replies[answers]!.headers['www-authenticate']).toMatch(/stale=true/i);
  });
});

describe('a GET of somebody else', () => {
  test('does not get a tunnel that plays', async () => {
    const client = await plays();
    const thief = new Half('GET');
    await thief.until(() => thief.closed, 'closed');
    expect(thief.text).toBe('');
    await goesOn(client);
  });

  test('before the login ends both: nobody can say whose it is', async () => {
    const client = await RtspClient.tunnel(played.server.port, { cookie: COOKIE });
    played.clients.push(client);
    client.sendPost();
    await client.request('OPTIONS');
    const thief = new Half('GET');
    await thief.until(() => thief.closed, 'closed');
    await client.until(() => client.closed, 'closed');
    expect(thief.text).toBe('');
  });

  test('gets no login that was sent before it came', async () => {
    // Who sends his POST first, and the password with it.
    const victim = new Half('POST').ask('DESCRIBE', { Authorization: basic('admin', PASSWORD) });
    await once(victim.socket, 'connect');
    await settle();
    const thief = new Half('GET');
    await thief.until(() => thief.text.includes('RTSP/1.0'), 'the answer');
    expect(thief.text).toMatch(/RTSP\/1\.0 401 /);
  });

  test('that came second is his: who answers its challenge is served', async () => {
    const client = await RtspClient.tunnel(played.server.port, { cookie: COOKIE, order: 'post' });
    played.clients.push(client);
    client.post('DESCRIBE', client.url('/mjpeg'), { Authorization: basic('admin', PASSWORD) });
    await settle();
    client.sendGet();
    await client.until(() => client.replies.length === 1, 'the challenge');
    expect(client.replies[0]!.status).toBe(401);
    expect((await client.playInterleaved('/mjpeg')).status).toBe(200);
  });
});
