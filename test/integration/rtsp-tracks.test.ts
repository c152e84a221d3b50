import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'sdp-transform';
import { MetadataTrack } from '../support/rtp/metadata-track.ts';
import { type ReceivedStream, receiverReport } from '../support/rtp/received.ts';
import { type Reply, type RtspClient, UdpReceiver } from '../support/rtsp-client.ts';
import { PlayedRtspServer, settle } from '../support/rtsp-server.ts';
import { eventually } from '../support/server.ts';

/** Streams with a metadata track beside the picture. */

const RTP_HEADER = 12;
const TICKS_PER_MS = 90;
const PICTURE = 0;
const METADATA = 1;
let played: PlayedRtspServer;
let metadata: MetadataTrack;
let client: RtspClient;
const receivers: UdpReceiver[] = [];

beforeEach(async () => {
  played = await PlayedRtspServer.start({ beside: () => [metadata] });
  metadata = new MetadataTrack(played.clock);
  client = await played.connect();
});
afterEach(async () => {
  for (const receiver of receivers.splice(0)) receiver.close();
  await played.stop();
  played.clock.advance(5000);
  expect(played.clock.pending).toBe(0);
});

const trackUrl = (track: number, path = '/mjpeg') => client.url(`${path}/trackID=${track}`);
const setUp = (track: number, transport = 'RTP/AVP/TCP;unicast', path?: string) =>
  client.request('SETUP', trackUrl(track, path), { Transport: transport });
const setUpUdp = async (track: number): Promise<{ receiver: UdpReceiver; reply: Reply }> => {
  const receiver = await UdpReceiver.open();
  receivers.push(receiver);
  const reply = await setUp(track, `RTP/AVP;unicast;client_port=${receiver.port}-${receiver.port + 1}`);
  receiver.serverPort = Number(/server_port=(\d+)/.exec(reply.headers.transport!)![1]);
  return { receiver, reply };
};
const ssrcOf = (reply: Reply) => Number.parseInt(/ssrc=([\dA-F]{8})/.exec(reply.headers.transport!)![1]!, 16);
const rtpInfo = (reply: Reply) =>
  reply.headers['rtp-info']!.split(',').map((entry) => {
    const [, url, seq, rtptime] = /^url=(.*);seq=(\d+);rtptime=(\d+)$/.exec(entry)!;
    return { url, seq: Number(seq), rtptime: Number(rtptime) };
  });
const textsOf = (stream: ReceivedStream) => stream.pictures.map(({ packets }) => packets[0]!.toString('latin1', RTP_HEADER));
/** One picture and one document; both are sent when this returns. */
const show = async (text: string) => {
  played.clock.advance(100);
  played.show();
  metadata.say(text);
  await settle();
};
const counts = () => [client.stream(0).count, client.stream(2).count];

describe('DESCRIBE', () => {
  test.each(['/mjpeg', '/h264'])('of %s has a section for each track, with a control URL of its own', async (path) => {
    const { status, headers, body } = await client.request('DESCRIBE', client.url(path));
    expect([status, headers['content-base']]).toEqual([200, `${client.url(path)}/`]);
    const { control, media } = parse(body);
    expect(control).toBe('*');
    expect(
      media.map(({ type, port, payloads, direction, control, rtp }) => [type, port, payloads, direction, control, rtp[0]!.codec]),
    ).toEqual([
      ['video', 0, path === '/h264' ? 96 : 26, 'recvonly', 'trackID=0', path === '/h264' ? 'H264' : 'JPEG'],
      ['application', 0, 107, 'recvonly', 'trackID=1', 'vnd.onvif.metadata'],
    ]);
  });
});

describe('SETUP', () => {
  test.each([
    ['in their order', [PICTURE, METADATA]],
    ['the other way round', [METADATA, PICTURE]],
  ])('of both tracks, %s: one session, channels of their own, and each its packets', async (_, order) => {
    const replies: Reply[] = [];
    for (const [at, track] of order.entries()) replies.push(await setUp(track, `RTP/AVP/TCP;unicast;interleaved=${2 * at}-${2 * at + 1}`));
    expect(replies.map(({ status }) => status)).toEqual([200, 200]);
    expect(replies[1]!.headers.session).toBe(replies[0]!.headers.session);
    expect(new Set(replies.map(ssrcOf)).size).toBe(2);
    expect(played.server.sessions).toBe(1);
    const play = await client.request('PLAY', client.url('/mjpeg'));
    await show('one');
    const [picture, document] = [client.stream(2 * order.indexOf(PICTURE)), client.stream(2 * order.indexOf(METADATA))];
    await client.until(() => picture.count === 1 && document.count === 1, 'both');
    expect(textsOf(document)).toEqual(['one']);
    // In the order of the description, whatever that of SETUP was.
    const info = rtpInfo(play);
    expect(info.map(({ url }) => url)).toEqual([trackUrl(PICTURE), trackUrl(METADATA)]);
    expect(info.map(({ seq }) => seq)).toEqual([picture.pictures[0]!.sequence, document.pictures[0]!.sequence]);
    for (const [at, stream] of [picture, document].entries()) {
      expect((stream.pictures[0]!.timestamp - info[at]!.rtptime) | 0).toBe(100 * TICKS_PER_MS);
      expect(stream).toMatchObject({ missed: 0, torn: 0, strange: 0 });
      expect(stream.senderReports.map(({ ssrc }) => ssrc)).toEqual([ssrcOf(replies[order.indexOf(at)]!)]);
    }
  });

  test('without channels: the next free pair for each', async () => {
    const transports = [await setUp(METADATA), await setUp(PICTURE)].map(({ headers }) => headers.transport);
    expect(transports).toEqual([expect.stringContaining('interleaved=0-1;'), expect.stringContaining('interleaved=2-3;')]);
  });

  test('on channels of the other track: 461, and the next offer is taken', async () => {
    await setUp(PICTURE, 'RTP/AVP/TCP;interleaved=4-5');
    for (const pair of ['4-5', '5-6', '3-4']) expect((await setUp(METADATA, `RTP/AVP/TCP;interleaved=${pair}`)).status).toBe(461);
    expect((await setUp(METADATA, 'RTP/AVP/TCP;interleaved=4-5,RTP/AVP/TCP;interleaved=6-7')).headers.transport).toContain(
      'interleaved=6-7',
    );
  });

  test('of the whole stream is one of the picture: clients that name no track know of nothing else', async () => {
    const reply = await client.request('SETUP', client.url('/mjpeg'), { Transport: 'RTP/AVP/TCP;interleaved=0-1' });
    expect(reply.status).toBe(200);
    const Session = reply.headers.session!.split(';')[0]!;
    const played1 = await client.request('PLAY', client.url('/mjpeg'), { Session });
    expect(played1.status).toBe(200);
    expect(played1.headers['rtp-info']!.match(/url=/g)).toHaveLength(1);
    expect(played.server.sessions).toBe(1);
  });

  test('of a track that is not there: 404', async () => {
    expect((await setUp(2)).status).toBe(404);
  });

  test("of another stream's track in the same session: 459", async () => {
    await setUp(PICTURE);
    expect((await setUp(METADATA, 'RTP/AVP/TCP', '/h264')).status).toBe(459);
  });

  test('again: the transport of that track changes, and the other one keeps its own', async () => {
    await setUp(PICTURE, 'RTP/AVP/TCP;interleaved=0-1');
    await setUp(METADATA, 'RTP/AVP/TCP;interleaved=2-3');
    const { receiver, reply } = await setUpUdp(METADATA);
    expect([reply.status, played.server.sessions, played.server.counters.sessions]).toEqual([200, 1, 1]);
    await client.request('PLAY', client.url('/mjpeg'));
    await show('by UDP');
    await receiver.until(() => receiver.stream.count === 1, 'a document');
    await client.until(() => client.stream(0).count === 1, 'a picture');
    expect(textsOf(receiver.stream)).toEqual(['by UDP']);
    expect([...client.streams.keys()]).toEqual([0]);
  });

  test('while the other track plays: it joins when it is played, and the first one goes on; what plays already stays as it is: 455', async () => {
    await setUp(PICTURE);
    await client.request('PLAY', client.url('/mjpeg'));
    await show('unheard');
    expect((await setUp(PICTURE)).status).toBe(455);
    expect((await setUp(METADATA)).status).toBe(200);
    await show('unheard');
    await client.request('PLAY', client.url('/mjpeg'));
    await show('heard');
    await client.until(() => client.stream(2).count === 1, 'a document');
    expect(textsOf(client.stream(2))).toEqual(['heard']);
    await client.until(() => client.stream(0).count === 3, 'all pictures');
    expect(client.stream(0)).toMatchObject({ missed: 0, torn: 0 });
  });

  test('of one track alone: the camera need not run for the metadata, nor the metadata for the picture', async () => {
    await setUp(METADATA);
    const play = await client.request('PLAY', client.url('/mjpeg'));
    expect(rtpInfo(play).map(({ url }) => url)).toEqual([trackUrl(METADATA)]);
    expect([played.demand, metadata.demand]).toEqual([[], ['open']]);
    metadata.say('alone');
    await client.until(() => client.stream(0).count === 1, 'a document');
    await client.request('TEARDOWN', client.url('/mjpeg'));
    client.session = undefined;
    await setUp(PICTURE);
    await client.request('PLAY', client.url('/mjpeg'));
    expect([played.demand, metadata.demand]).toEqual([['start'], ['open', 'close']]);
  });
});

describe('of a session with both tracks', () => {
  let replies: Reply[];
  beforeEach(async () => {
    replies = [await setUp(PICTURE), await setUp(METADATA)];
  });

  test('PLAY of a part begins that part alone, and PLAY of the whole the rest', async () => {
    const first = await client.request('PLAY', trackUrl(METADATA));
    expect(rtpInfo(first).map(({ url }) => url)).toEqual([trackUrl(METADATA)]);
    await show('one');
    await client.until(() => client.stream(2).count === 1, 'a document');
    expect(counts()).toEqual([0, 1]);
    const second = await client.request('PLAY', client.url('/mjpeg'));
    expect(rtpInfo(second).map(({ url }) => url)).toEqual([trackUrl(PICTURE), trackUrl(METADATA)]);
    // The picture that was there already, then the next.
    await show('two');
    await client.until(() => counts().join() === '2,2', 'both');
    expect(client.stream(2)).toMatchObject({ missed: 0, torn: 0 });
  });

  test('PAUSE of a part holds that part alone, and PLAY takes it up again', async () => {
    await client.request('PLAY', client.url('/mjpeg'));
    await show('one');
    await client.until(() => counts().join() === '1,1', 'both');
    const paused = await client.request('PAUSE', trackUrl(METADATA));
    expect([paused.status, paused.headers.session]).toEqual([200, replies[0]!.headers.session]);
    await show('two');
    await client.until(() => client.stream(0).count === 2, 'a picture');
    expect(counts()).toEqual([2, 1]);
    await client.request('PLAY', trackUrl(METADATA));
    await show('three');
    await client.until(() => counts().join() === '3,2', 'both');
    expect(textsOf(client.stream(2))).toEqual(['one', 'three']);
    await client.request('PAUSE', client.url('/mjpeg'));
    await show('four');
    await client.request('OPTIONS');
    expect(counts()).toEqual([3, 2]);
    expect(metadata.demand).toEqual(['open', 'close', 'open', 'close']);
  });

  test('TEARDOWN of a part ends that part, and with the last one the session', async () => {
    await client.request('PLAY', client.url('/mjpeg'));
    await show('one');
    await client.until(() => counts().join() === '1,1', 'both');
    const reply = await client.request('TEARDOWN', trackUrl(PICTURE));
    expect([reply.status, reply.headers.session]).toEqual([200, replies[0]!.headers.session]);
    expect([client.stream(0).saidGoodbye, client.stream(2).saidGoodbye]).toEqual([true, false]);
    await show('two');
    await client.until(() => client.stream(2).count === 2, 'a document');
    expect(counts()).toEqual([1, 2]);
    // It is set up no more: PLAY and PAUSE of it are not valid now (RFC 2326 section 11.3.6).
    for (const method of ['PLAY', 'PAUSE', 'TEARDOWN']) expect((await client.request(method, trackUrl(PICTURE))).status).toBe(455);
    expect((await setUp(PICTURE)).headers.transport).toContain('interleaved=0-1');
    for (const track of [METADATA, PICTURE]) expect((await client.request('TEARDOWN', trackUrl(track))).status).toBe(200);
    expect(client.stream(2).saidGoodbye).toBe(true);
    expect(played.server.sessions).toBe(0);
    expect((await client.request('PLAY', client.url('/mjpeg'))).status).toBe(454);
  });

  test.each(['/mjpeg', '/mjpeg/', '/mjpeg/trackID=7', '/h264/trackID=0', '/'])('TEARDOWN of %s ends all of it', async (path) => {
    await client.request('PLAY', client.url('/mjpeg'));
    await show('one');
    await client.until(() => counts().join() === '1,1', 'both');
    expect((await client.request('TEARDOWN', client.url(path))).status).toBe(200);
    expect([client.stream(0).saidGoodbye, client.stream(2).saidGoodbye]).toEqual([true, true]);
    expect(played.server.sessions).toBe(0);
    expect(metadata.demand).toEqual(['open', 'close']);
  });

  test('RTP-Info names one moment for both, that of the picture that is there already', async () => {
    played.show();
    played.clock.advance(700);
    const [picture, document] = rtpInfo(await client.request('PLAY', client.url('/mjpeg')));
    await client.until(() => client.stream(0).count === 1, 'a picture');
    expect(client.stream(0).last.timestamp).toBe(picture!.rtptime);
    metadata.say('now');
    await client.until(() => client.stream(2).count === 1, 'a document');
    expect((client.stream(2).last.timestamp - document!.rtptime) | 0).toBe(700 * TICKS_PER_MS);
  });

  test('reports of loss count for the track that they are about', async () => {
    await client.request('PLAY', client.url('/mjpeg'));
    const [picture, document] = replies.map(ssrcOf);
    client.frame(1, receiverReport(picture!, 5));
    client.frame(3, receiverReport(document!, 2));
    client.frame(3, receiverReport(document!, 3));
    // On the other's channel it is about the same one.
    client.frame(1, receiverReport(document!, 3));
    await client.request('OPTIONS');
    expect(played.server.counters.packetsLost).toBe(8);
  });

  test('each track reports for itself every 5 s', async () => {
    await client.request('PLAY', client.url('/mjpeg'));
    await show('one');
    await client.until(() => counts().join() === '1,1', 'both');
    played.clock.advance(5000);
    await client.until(() => [0, 2].every((channel) => client.stream(channel).senderReports.length === 2), 'two reports of each');
    const [picture, document] = [0, 2].map((channel) => client.stream(channel).senderReports[1]!);
    expect([picture!.ssrc, document!.ssrc]).toEqual(replies.map(ssrcOf));
    expect(document!.packets).toBe(1);
  });
});

test('over UDP each track has a pair of ports, and a report on one keeps the session', async () => {
  const [picture, document] = [await setUpUdp(PICTURE), await setUpUdp(METADATA)];
  expect(document.receiver.serverPort).not.toBe(picture.receiver.serverPort);
  await client.request('PLAY', client.url('/mjpeg'));
  await show('one');
  for (const { receiver, reply } of [picture, document]) {
    await receiver.until(() => receiver.stream.count === 1 && receiver.stream.senderReports.length === 1, 'a packet and a report');
    expect(receiver.stream.senderReports[0]!.ssrc).toBe(ssrcOf(reply));
    expect(receiver.stream).toMatchObject({ missed: 0, torn: 0, strange: 0 });
  }
  expect(textsOf(document.receiver.stream)).toEqual(['one']);
  played.clock.advance(60_000);
  document.receiver.report(receiverReport(ssrcOf(document.reply), 4));
  await eventually(() => played.server.counters.packetsLost === 4, 'the report');
  played.clock.advance(60_000);
  expect(played.server.sessions).toBe(1);
  played.clock.advance(11_000);
  expect(played.server.sessions).toBe(0);
  for (const { receiver } of [picture, document]) await receiver.until(() => receiver.stream.saidGoodbye, 'goodbye');
  expect(metadata.demand).toEqual(['open', 'close']);
});

test('a client that vanishes leaves no track running', async () => {
  await setUp(PICTURE);
  await setUp(METADATA);
  await client.request('PLAY', client.url('/mjpeg'));
  expect(metadata.demand).toEqual(['open']);
  client.vanish();
  await eventually(() => played.server.sessions === 0, 'the session is gone');
  expect(metadata.demand).toEqual(['open', 'close']);
});

test('both streams share the metadata: it is made once, with the same packets', async () => {
  await setUp(METADATA);
  await client.request('PLAY', client.url('/mjpeg'));
  client.session = undefined;
  await setUp(METADATA, undefined, '/h264');
  await client.request('PLAY', client.url('/h264'));
  metadata.say('shared');
  await client.until(() => counts().join() === '1,1', 'both');
  expect(client.stream(0).last.sequence).toBe(client.stream(2).last.sequence);
  expect(metadata.demand).toEqual(['open']);
});
