import { once } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type ReceivedStream, receiverReport } from '../support/rtp/received.ts';
import type { RtspClient, UdpReceiver } from '../support/rtsp-client.ts';
import { PlayedRtspServer, settle } from '../support/rtsp-server.ts';
import { eventually } from '../support/server.ts';

let played: PlayedRtspServer;
const receivers: UdpReceiver[] = [];
const start = async () => {
  played = await PlayedRtspServer.start();
};
const udp = async (client: RtspClient, path = '/mjpeg') => {
  const receiver = await client.playUdp(path);
  receivers.push(receiver);
  return receiver;
};
/** Turns the clock in steps, so that what comes from the network is seen at about its time. */
const pass = async (seconds: number, each: () => void | Promise<void> = () => {}) => {
  for (let second = 0; second < seconds; second++) {
    await each();
    await settle();
    played.clock.advance(1000);
  }
};

afterEach(async () => {
  for (const receiver of receivers.splice(0)) receiver.close();
  await played.stop();
  // The camera rests some time after the last one has gone.
  played.clock.advance(5000);
  expect(played.clock.pending).toBe(0);
});

describe('a session over UDP', () => {
  test('ends 70 s after the last word of its client, and the camera rests after the idle time', async () => {
    await start();
    const client = await played.connect();
    const receiver = await udp(client);
    played.show();
    await receiver.until(() => receiver.stream.count === 1, 'a picture');
    await pass(68);
    expect(played.server.sessions).toBe(1);
    await pass(4);
    expect(played.server.sessions).toBe(0);
    expect(played.server.counters.sessionsTimedOut).toBe(1);
    expect(played.demand).toEqual(['start']);
    await pass(5);
    expect(played.demand).toEqual(['start', 'stop']);
    await receiver.until(() => receiver.stream.saidGoodbye, 'goodbye');
  });

  test.each([
    ['GET_PARAMETER', (client: RtspClient) => client.request('GET_PARAMETER', client.url('/mjpeg'))],
    [
      'GET_PARAMETER that names no session',
      (client: RtspClient) => {
        client.session = undefined;
        return client.request('GET_PARAMETER', client.url('/mjpeg'));
      },
    ],
    ['SET_PARAMETER', (client: RtspClient) => client.request('SET_PARAMETER', client.url('/mjpeg'))],
    ['OPTIONS', (client: RtspClient) => client.request('OPTIONS')],
    ['PLAY', (client: RtspClient) => client.request('PLAY', client.url('/mjpeg'))],
  ])('is kept by %s', async (_name, keep) => {
    await start();
    const client = await played.connect();
    await udp(client);
    for (let k = 0; k < 3; k++) {
      await pass(60);
      expect((await keep(client)).status).toBe(200);
    }
    expect(played.server.sessions).toBe(1);
  });

  test('is kept by receiver reports, whose losses are counted', async () => {
    await start();
    const client = await played.connect();
    const receiver = await udp(client);
    played.show();
    await receiver.until(() => receiver.stream.senderReports.length === 1, 'a sender report');
    const { ssrc } = receiver.stream.senderReports[0]!;
    for (let k = 1; k <= 3; k++) {
      await pass(60);
      receiver.report(receiverReport(ssrc, 7 * k));
      await eventually(() => played.server.counters.packetsLost === 7 * k, 'the loss is counted');
    }
    receiver.report(receiverReport((ssrc ^ 1) >>> 0, 1000));
    receiver.report(receiverReport(ssrc, 3));
    await pass(60);
    expect(played.server.counters.packetsLost).toBe(21);
    expect(played.server.sessions).toBe(1);
  });

  test('is not kept by what is no RTCP', async () => {
    await start();
    const client = await played.connect();
    const receiver = await udp(client);
    await pass(40);
    receiver.report(Buffer.from('still here'));
    await pass(32);
    expect(played.server.sessions).toBe(0);
  });
});

describe('a session in the connection', () => {
  test('that plays needs no word of its client', async () => {
    await start();
    const client = await played.connect();
    await client.playInterleaved('/mjpeg');
    await pass(200, () => void played.show());
    expect(played.server.sessions).toBe(1);
    expect(client.stream().count).toBeGreaterThan(190);
  });

  test('that was set up and does not play ends like one of UDP, and the connection with it', async () => {
    await start();
    const client = await played.connect();
    await client.request('SETUP', client.url('/mjpeg'), { Transport: 'RTP/AVP/TCP;interleaved=0-1' });
    await pass(72);
    await client.until(() => client.closed, 'closed');
    expect(played.server.sessions).toBe(0);
  });

  test('is kept by reports on its channel while it rests', async () => {
    await start();
    const client = await played.connect();
    await client.request('SETUP', client.url('/mjpeg'), { Transport: 'RTP/AVP/TCP;interleaved=4-5' });
    for (let k = 0; k < 3; k++) {
      await pass(60);
      client.frame(5, receiverReport(1));
    }
    await pass(60);
    expect(played.server.sessions).toBe(1);
  });
});

describe('a connection', () => {
  test.each([
    ['says nothing', 11, () => {}],
    ['sends a byte now and then', 11, (client: RtspClient) => client.raw('G')],
    ['asks OPTIONS for ever and never logs in', 62, (client: RtspClient) => void client.post('OPTIONS', '*')],
  ])('whose client %s is closed', async (_name, seconds, act) => {
    await start();
    const client = await played.connect({ credentials: null });
    await settle();
    await pass(seconds, () => act(client));
    await client.until(() => client.closed, 'closed');
  });

  test('whose client has logged in may rest for a minute, not for ever', async () => {
    await start();
    const client = await played.connect();
    await client.request('DESCRIBE', client.url('/mjpeg'));
    await pass(65);
    expect(client.closed).toBe(false);
    await pass(7);
    await client.until(() => client.closed, 'closed');
  });

  test('that ends with an error is not held open by a client who does not close his side, nor are its sessions', async () => {
    await start();
    const client = await played.connect();
    await client.playInterleaved('/mjpeg');
    client.socket.allowHalfOpen = true;
    client.raw('\x01garbage');
    await client.until(() => client.replies.at(-1)!.status === 400, 'the answer');
    expect(played.server.sessions).toBe(0);
    await pass(4);
    // A connection that is there no more answers with a reset, and the next write tells.
    await eventually(() => {
      client.raw('OPTIONS');
      return client.closed;
    }, 'closed');
  });
});

describe('sender reports', () => {
  test.each(['udp', 'tcp'] as const)('come with the first picture and every 5 s, over %s, and map RTP to wall time', async (transport) => {
    await start();
    const client = await played.connect();
    const receiver = transport === 'udp' ? await udp(client) : undefined;
    if (!receiver) await client.playInterleaved('/mjpeg');
    const stream = receiver?.stream ?? client.stream();
    const shown: { timestamp: number; capturedAt: number }[] = [];
    for (let k = 0; k < 4; k++) {
      await pass(5, async () => {
        const before = stream.count;
        const { capturedAt } = played.show();
        await (receiver ?? client).until(() => stream.count > before, 'the picture');
        shown.push({ timestamp: stream.last.timestamp, capturedAt });
      });
      await (receiver ?? client).until(() => stream.senderReports.length === k + 2, 'a report');
    }
    if (transport === 'tcp') expect(stream.order.slice(0, 2)).toEqual(['rtp', 'rtcp']);
    const reports = stream.senderReports;
    for (const { ntp, timestamp } of reports) {
      const wall = (ntp.seconds - 2_208_988_800 + ntp.fraction / 2 ** 32) * 1000;
      for (const picture of shown) {
        const ticks = (timestamp - picture.timestamp) | 0;
        expect(Math.abs(wall - ticks / 90 - picture.capturedAt)).toBeLessThan(0.1);
      }
    }
    expect(reports.at(-1)!.packets).toBe(20);
    await client.request('TEARDOWN', client.url('/mjpeg'));
    await (receiver ?? client).until(() => stream.saidGoodbye, 'goodbye');
  });

  type Report = ReceivedStream['senderReports'][number];
  const wallOf = ({ ntp }: Report) => (ntp.seconds - 2_208_988_800 + ntp.fraction / 2 ** 32) * 1000;
  /** By how many milliseconds the wall times of two reports are farther apart than their RTP timestamps. */
  const disagreement = (one: Report, other: Report) => wallOf(other) - wallOf(one) - ((other.timestamp - one.timestamp) | 0) / 90;

  test('begin behind the first picture of a client who gets the running group, with its time, and go on with the present', async () => {
    await start();
    const first = await played.connect();
    await first.playInterleaved('/h264');
    for (let k = 0; k < 10; k++) {
      played.encoder.encode(k === 0);
      played.clock.advance(100);
    }
    const late = await played.connect();
    await late.playInterleaved('/h264');
    await late.until(() => late.stream().count === 10 && late.stream().senderReports.length === 1, 'the group and a report');
    const { order, pictures, senderReports } = late.stream();
    expect(order.slice(0, 2)).toEqual(['rtp', 'rtcp']);
    const [report] = senderReports;
    expect(report!.timestamp).toBe(pictures[0]!.timestamp);
    expect(Math.abs(wallOf(report!) - (played.clock.now() - 1000))).toBeLessThan(0.1);
    await pass(5);
    await late.until(() => late.stream().senderReports.length === 2, 'the next report');
    const next = late.stream().senderReports[1]!;
    expect(Math.abs(disagreement(report!, next))).toBeLessThan(0.1);
    expect(wallOf(next)).toBeGreaterThan(wallOf(report!) + 4000);
  });

  test('do not come before the first picture, however long that takes', async () => {
    await start();
    const client = await played.connect();
    await client.playInterleaved('/h264');
    await pass(12);
    await client.request('OPTIONS');
    expect(client.stream().order).toEqual([]);
    played.encoder.encode(true);
    await client.until(() => client.stream().senderReports.length === 1, 'a report');
    expect(client.stream().order).toEqual(['rtp', 'rtcp']);
  });

  test('say the same of a moment each time, although the wall clock has whole milliseconds, until it is set', async () => {
    await start();
    const { clock } = played;
    const exact = clock.now.bind(clock);
    clock.now = () => Math.floor(exact());
    const client = await played.connect();
    await client.playInterleaved('/mjpeg');
    played.show();
    for (let k = 0; k < 20; k++) {
      await settle();
      clock.advance(4000 + 77.7 * k);
    }
    await client.until(() => client.stream().senderReports.length >= 10, 'reports');
    const [first, ...others] = client.stream().senderReports;
    for (const report of others) expect(Math.abs(disagreement(first!, report))).toBeLessThan(1 / 90 + 0.001);

    clock.setWallForward(3_600_000);
    const { length } = client.stream().senderReports;
    clock.advance(5000);
    await client.until(() => client.stream().senderReports.length > length, 'a report');
    expect(disagreement(first!, client.stream().senderReports.at(-1)!)).toBeCloseTo(3_600_000, -1);
  });
});

test('stopping says goodbye and closes everything', async () => {
  await start();
  const client = await played.connect();
  const receiver = await udp(client);
  const other = await played.connect();
  await other.playInterleaved('/h264');
  played.show();
  played.encoder.encode(true);
  await other.until(() => other.stream().count === 1, 'a picture');
  const closed = once(other.socket, 'close');
  await played.server.stop();
  await closed;
  expect(other.stream().saidGoodbye).toBe(true);
  await receiver.until(() => receiver.stream.saidGoodbye, 'goodbye');
  expect(played.encoder.viewers).toBe(0);
  expect(played.server.sessions).toBe(0);
});
