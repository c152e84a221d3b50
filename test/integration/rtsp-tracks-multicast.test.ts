import { execFileSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { parse } from 'sdp-transform';
import type { MulticastGroup } from '../../src/platform/multicast.ts';
import { inOwnNetwork } from '../support/network/own-network.ts';
import { MetadataTrack } from '../support/rtp/metadata-track.ts';
import { ReceivedStream } from '../support/rtp/received.ts';
import { RtspClient } from '../support/rtsp-client.ts';
import { PlayedRtspServer, settle } from '../support/rtsp-server.ts';
import { eventually } from '../support/server.ts';

const HOST = '10.9.0.1';
/** Each track has a group of its own. */
const GROUPS: Readonly<Record<string, MulticastGroup>> = {
  mjpeg: { address: '239.9.9.9', port: 5004, ttl: 1 },
  metadata: { address: '239.9.9.10', port: 5008, ttl: 2 },
};

inOwnNetwork(import.meta.filename, [], () => {
  let played: PlayedRtspServer;
  let metadata: MetadataTrack;
  let client: RtspClient;
  let picture: ReceivedStream;
  let document: ReceivedStream;
  const sockets: Socket[] = [];

  const joinGroup = async ({ address, port }: MulticastGroup) => {
    const stream = new ReceivedStream();
    for (const [at, take] of [
      [port, (bytes: Buffer) => stream.takeRtp(bytes)],
      [port + 1, (bytes: Buffer) => stream.takeRtcp(bytes)],
    ] as const) {
      const socket = createSocket({ type: 'udp4', reuseAddr: true });
      sockets.push(socket);
      await new Promise<void>((resolve) => socket.bind(at, address, resolve));
      socket.on('message', take);
      socket.addMembership(address, HOST);
    }
    return stream;
  };
  const setUp = (track: number, transport = 'RTP/AVP;multicast') =>
    client.request('SETUP', client.url(`/mjpeg/trackID=${track}`), { Transport: transport });
  const show = async () => {
    played.clock.advance(100);
    played.show();
    metadata.say('a document');
    await settle();
    // Packets over UDP go out in bursts.
    played.clock.advance(100);
  };

  beforeAll(() => {
    for (const words of ['link set lo up', `addr add ${HOST}/24 dev lo`, 'link set lo multicast on', 'route add 224.0.0.0/4 dev lo'])
      execFileSync('ip', words.split(' '));
  });
  const start = async (bind: string) => {
    played = await PlayedRtspServer.start({ bind, beside: () => [metadata], multicast: (track) => GROUPS[track] });
    metadata = new MetadataTrack(played.clock);
    client = await RtspClient.connect(played.server.port, { host: HOST });
    played.clients.push(client);
  };
  beforeEach(async () => {
    await start(HOST);
    [picture, document] = [await joinGroup(GROUPS.mjpeg!), await joinGroup(GROUPS.metadata!)];
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.close();
    await played.stop();
  });

  test('each track goes to its own group, with its own reports, until the last client has gone', async () => {
    const transports = [await setUp(0), await setUp(1)].map(({ headers }) => headers.transport);
    expect(transports).toEqual([
      expect.stringContaining('RTP/AVP;multicast;destination=239.9.9.9;port=5004-5005;ttl=1;'),
      expect.stringContaining('RTP/AVP;multicast;destination=239.9.9.10;port=5008-5009;ttl=2;'),
    ]);
    expect((await client.request('PLAY', client.url('/mjpeg'))).headers['rtp-info']!.split(',')).toHaveLength(2);
    await show();
    await eventually(() => picture.count > 0 && document.count > 0, 'a picture and a document');
    for (const stream of [picture, document]) {
      await eventually(() => stream.senderReports.length > 0, 'a report');
      expect(stream).toMatchObject({ missed: 0, torn: 0, strange: 0 });
    }
    const { body } = await client.request('DESCRIBE', client.url('/mjpeg'));
    const { connection, media } = parse(body);
    expect([connection?.ip, media[0]!.port, media[0]!.connection]).toEqual(['239.9.9.9/1', 5004, undefined]);
    expect([media[1]!.port, media[1]!.connection?.ip]).toEqual([5008, '239.9.9.10/2']);

    await client.request('TEARDOWN', client.url('/mjpeg/trackID=1'));
    await eventually(() => document.saidGoodbye, 'goodbye of the metadata');
    expect(metadata.demand).toEqual(['open', 'close']);
    const { count } = picture;
    await show();
    await eventually(() => picture.count > count, 'the picture goes on');
    expect(picture.saidGoodbye).toBe(false);
    client.vanish();
    await eventually(() => picture.saidGoodbye, 'goodbye of the picture');
  });

  test('one track by multicast, the other in the connection', async () => {
    await setUp(0, 'RTP/AVP/TCP;unicast');
    await setUp(1);
    await client.request('PLAY', client.url('/mjpeg'));
    await show();
    await client.until(() => client.stream().count > 0, 'a picture');
    await eventually(() => document.count > 0, 'a document');
    expect(picture.count).toBe(0);
  });

  test('the owner sends one track alone', async () => {
    played.server.startMulticast('metadata', GROUPS.metadata!);
    await eventually(() => metadata.demand.length > 0, 'it begins');
    await show();
    await eventually(() => document.count > 0, 'a document');
    expect([picture.count, played.demand]).toEqual([0, []]);
    played.server.stopMulticast('metadata');
    await eventually(() => document.saidGoodbye, 'goodbye');
  });

  test('where one of them cannot begin, none does: 503', async () => {
    // Routes count where no interface is named.
    await played.stop();
    await start('0.0.0.0');
    await setUp(0);
    await setUp(1);
    execFileSync('ip', ['route', 'add', 'unreachable', '239.9.9.10']);
    try {
      expect((await client.request('PLAY', client.url('/mjpeg'))).status).toBe(503);
      expect([metadata.demand, played.demand]).toEqual([[], expect.not.arrayContaining(['retry'])]);
      expect((await client.request('PLAY', client.url('/mjpeg/trackID=0'))).status).toBe(200);
    } finally {
      execFileSync('ip', ['route', 'del', 'unreachable', '239.9.9.10']);
    }
    expect((await client.request('PLAY', client.url('/mjpeg'))).status).toBe(200);
    await show();
    await eventually(() => picture.count > 0 && document.count > 0, 'both');
  });
});
