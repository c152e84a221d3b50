import { execFileSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { inOwnNetwork } from '../support/network/own-network.ts';
import { ReceivedStream } from '../support/rtp/received.ts';
import { RtspClient } from '../support/rtsp-client.ts';
import { eventually, Server } from '../support/server.ts';

const HOST = '10.9.0.1';
const GROUP = '239.9.9.9';
const PORT = 5004;

inOwnNetwork(import.meta.filename, [], () => {
  let server: Server;
  let dataDir: string;
  const sockets: Socket[] = [];
  const clients: RtspClient[] = [];

  const run = (group: string, bind: string, dir: string) => {
    const multicast = ['--rtsp-multicast', 'on', '--rtsp-multicast-address', group];
    const camera = ['--source', 'test', '--width', '320', '--height', '240', '--idle-timeout', '1'];
    return Server.start({ args: [...camera, ...multicast, '--bind', bind, '--discovery', 'off'], dataDir: dir });
  };
  const start = async (bind = HOST) => {
    server = await run(GROUP, bind, dataDir);
  };
  const listen = async (socket: Socket, port: number, address?: string) => {
    sockets.push(socket);
    await new Promise<void>((resolve) => socket.bind(port, address, resolve));
    return socket;
  };
  const connect = async () => {
    const client = await RtspClient.connect(server.rtspPort, { host: HOST });
    clients.push(client);
    return client;
  };
  /** A member of the group. */
  const joinGroup = async (group = GROUP, from = new Set<string>()) => {
    const stream = new ReceivedStream();
    for (const [port, take] of [
      [PORT, (bytes: Buffer) => stream.takeRtp(bytes)],
      [PORT + 1, (bytes: Buffer) => stream.takeRtcp(bytes)],
    ] as const) {
      const socket = await listen(createSocket({ type: 'udp4', reuseAddr: true }), port, group);
      socket.on('message', (bytes, sender) => {
        from.add(`${sender.address}:${sender.port} to ${port}`);
        take(bytes);
      });
      socket.addMembership(group, HOST);
    }
    return stream;
  };
  const more = async (stream: ReceivedStream) => {
    const { count } = stream;
    await eventually(() => stream.count > count + 2, 'pictures');
  };
  const play = async () => {
    const client = await connect();
    const { headers } = await client.request('SETUP', client.url('/mjpeg'), { Transport: 'RTP/AVP;multicast' });
    expect(headers.transport).toMatch(
      new RegExp(`^RTP/AVP;multicast;destination=${GROUP};port=${PORT}-${PORT + 1};ttl=1;ssrc=[\\dA-F]{8};mode="PLAY"$`),
    );
    expect((await client.request('PLAY', client.url('/mjpeg'))).status).toBe(200);
    return client;
  };
  const soap = async (operation: string) => {
    const body = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><${operation} xmlns="http://www.onvif.org/ver10/media/wsdl"><ProfileToken>mjpeg</ProfileToken></${operation}></s:Body></s:Envelope>`;
    const response = await server.fetch('/onvif/media_service', {
      method: 'POST',
      headers: { 'Content-Type': 'application/soap+xml; charset=utf-8' },
      body,
    });
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining(`${operation}Response`)]);
  };

  beforeAll(() => {
    for (const words of [
      'link set lo up',
      'link add cable0 type veth peer name cable1',
      `addr add ${HOST}/24 dev cable0`,
      'link set cable0 up',
      'link set cable1 up',
      'route add 224.0.0.0/4 dev cable0',
    ])
      execFileSync('ip', words.split(' '));
  });
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'onvif-camera-'));
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.vanish();
    for (const socket of sockets.splice(0)) socket.close();
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  describe('multicast', () => {
    test('goes to the group while somebody plays, once for all of them', async () => {
      await start();
      const stream = await joinGroup();
      const clientsPlaying = [await play(), await play()];
      await more(stream);
      const described = await clientsPlaying[0]!.request('DESCRIBE', clientsPlaying[0]!.url('/mjpeg'));
      expect(described.body).toContain(`c=IN IP4 ${GROUP}/1\r\n`);
      expect(described.body).toContain(`m=video ${PORT} RTP/AVP 26\r\n`);
      clientsPlaying[0]!.vanish();
      await more(stream);
      // Who wants it for himself gets it besides, the same packets.
      const alone = await connect();
      await alone.playInterleaved('/mjpeg');
      await alone.until(() => alone.stream().count > 2, 'pictures');
      await eventually(() => stream.pictures.some(({ sequence }) => sequence === alone.stream().pictures[1]!.sequence), 'the same picture');
      alone.vanish();
      await clientsPlaying[1]!.request('TEARDOWN', clientsPlaying[1]!.url('/mjpeg'));
      await eventually(() => stream.saidGoodbye, 'goodbye');
      expect(stream.senderReports.length).toBeGreaterThan(1);
      expect(stream).toMatchObject({ missed: 0, torn: 0, strange: 0 });
      await server.status(({ camera }) => camera === 'idle');
    });

    test.each([HOST, '0.0.0.0'])('comes from the ports that it goes to (bound to %s)', async (bind) => {
      await start(bind);
      const from = new Set<string>();
      const stream = await joinGroup(GROUP, from);
      await play();
      await eventually(() => stream.count > 2 && stream.senderReports.length > 0, 'pictures and a report');
      expect([...from].sort()).toEqual([`${HOST}:${PORT} to ${PORT}`, `${HOST}:${PORT + 1} to ${PORT + 1}`]);
    });

    test('goes into a network of cameras alone, out of which there is no route', async () => {
      const route = '224.0.0.0/4 dev cable0'.split(' ');
      execFileSync('ip', ['route', 'del', ...route]);
      try {
        await start('0.0.0.0');
        const stream = await joinGroup();
        await play();
        await more(stream);
      } finally {
        execFileSync('ip', ['route', 'add', ...route]);
      }
    });

    test.each([HOST, '0.0.0.0'])('takes nothing away from who listens on the same port of this machine (bound to %s)', async (bind) => {
      await start(bind);
      const texts: string[] = [];
      const receiver = await listen(createSocket({ type: 'udp4', reuseAddr: true }), PORT);
      receiver.on('message', (bytes) => texts.push(bytes.toString()));
      const stream = await joinGroup();
      await play();
      await more(stream);
      const sender = createSocket('udp4');
      sockets.push(sender);
      for (const to of [HOST, '127.0.0.1']) sender.send(to, PORT, to);
      await eventually(() => texts.includes(HOST) && texts.includes('127.0.0.1'), 'the datagrams that were sent to the receiver');
    });

    test('of two cameras on one machine shares the port', async () => {
      await start();
      const other = '239.9.9.10';
      const otherDir = mkdtempSync(join(tmpdir(), 'onvif-camera-'));
      const second = await run(other, HOST, otherDir);
      try {
        const from = new Set<string>();
        const [stream, otherStream] = [await joinGroup(GROUP, from), await joinGroup(other, from)];
        await play();
        const client = await RtspClient.connect(second.rtspPort, { host: HOST });
        clients.push(client);
        await client.request('SETUP', client.url('/mjpeg'), { Transport: 'RTP/AVP;multicast' });
        expect((await client.request('PLAY', client.url('/mjpeg'))).status).toBe(200);
        await more(stream);
        await more(otherStream);
        expect([...from].filter((each) => !each.startsWith(`${HOST}:${PORT}`) && !each.startsWith(`${HOST}:${PORT + 1}`))).toEqual([]);
      } finally {
        await second.stop();
        rmSync(otherDir, { recursive: true, force: true });
      }
    });

    test('comes from another port where a program has that one to itself, which the log says', async () => {
      await start();
      await listen(createSocket('udp4'), PORT, HOST);
      const from = new Set<string>();
      const stream = await joinGroup(GROUP, from);
      await play();
      await more(stream);
      expect(from).not.toContain(`${HOST}:${PORT} to ${PORT}`);
      expect(server.stderr).toContain(`another program has UDP port ${PORT} to itself`);
    });

    test('goes on by itself when the address of the machine changes', async () => {
      await start('0.0.0.0');
      const from = new Set<string>();
      const stream = await joinGroup(GROUP, from);
      await soap('StartMulticastStreaming');
      await more(stream);
      const other = '10.9.0.7';
      execFileSync('ip', ['addr', 'add', `${other}/24`, 'dev', 'cable0']);
      execFileSync('ip', ['addr', 'del', `${HOST}/24`, 'dev', 'cable0']);
      // The kernel removes with the first address those that came later in its network.
      execFileSync('ip', ['addr', 'replace', `${other}/24`, 'dev', 'cable0']);
      try {
        execFileSync('ip', ['route', 'replace', '224.0.0.0/4', 'dev', 'cable0']);
        const { count } = stream;
        await eventually(() => from.has(`${other}:${PORT} to ${PORT}`) && stream.count > count + 2, 'pictures from the new address', 20);
      } finally {
        execFileSync('ip', ['addr', 'replace', `${HOST}/24`, 'dev', 'cable0']);
        execFileSync('ip', ['addr', 'del', `${other}/24`, 'dev', 'cable0']);
        execFileSync('ip', ['addr', 'replace', `${HOST}/24`, 'dev', 'cable0']);
        execFileSync('ip', ['route', 'replace', '224.0.0.0/4', 'dev', 'cable0']);
      }
    });

    test('of a client who goes at once ends', async () => {
      await start();
      for (let k = 0; k < 10; k++) {
        const client = await connect();
        await client.request('SETUP', client.url('/mjpeg'), { Transport: 'RTP/AVP;multicast' });
        client.post('PLAY', client.url('/mjpeg'));
        if (k % 2) client.vanish();
        else client.socket.end();
      }
      await server.status(({ camera }) => camera === 'idle');
    });

    test('that was started by ONVIF needs no client, survives a restart, and ends when it is stopped', async () => {
      await start();
      const stream = await joinGroup();
      await soap('StartMulticastStreaming');
      await more(stream);
      await server.stop();
      await start();
      await more(stream);
      const client = await play();
      await more(stream);
      client.vanish();
      await more(stream);
      await soap('StopMulticastStreaming');
      await server.status(({ camera }) => camera === 'idle');
      await server.stop();
      const { count } = stream;
      await start();
      expect(await server.json('/api/status')).toMatchObject({ camera: 'idle' });
      expect(stream.count).toBe(count);
    });
  });
});
