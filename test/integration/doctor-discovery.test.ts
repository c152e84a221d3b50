import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import os from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { readState } from '../../src/config/state.ts';
import type { Result } from '../../src/doctor/check.ts';
import { discoveryChecks } from '../../src/doctor/discovery.ts';
import { networkChecks } from '../../src/doctor/network.ts';
import type { Surroundings } from '../../src/doctor/surroundings.ts';
import { Tools } from '../../src/platform/machine/tools.ts';
import { Tree } from '../../src/platform/machine/tree.ts';
import { runProgram } from '../../src/platform/run-program.ts';
import { find, makeState, makeSurroundings } from '../support/doctor.ts';
import { Neighbour } from '../support/network/neighbour.ts';
import { inOwnNetwork } from '../support/network/own-network.ts';
import { PASSWORD, Server } from '../support/server.ts';

/** Whether `onvif-camera doctor` sees what keeps a camera from being found, in a network with one neighbour. */
inOwnNetwork(import.meta.filename, ['nft'], () => {
  let neighbour: Neighbour;
  let server: Server;
  const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' });
  const nft = (rules: string) => execFileSync('nft', ['-f', '-'], { input: rules, stdio: 'pipe' });

  beforeAll(async () => {
    neighbour = await Neighbour.start();
    neighbour.connect('eth0', '10.99.0');
    server = await Server.start({
      args: ['--bind', '0.0.0.0', '--source', 'test', '--width', '320', '--height', '240'],
      password: PASSWORD,
    });
    await server.output(/can be found by mDNS/);
  });
  afterAll(async () => {
    await server.stop();
    neighbour.stop();
  });

  /** The real system, in this network. */
  const here = (more: Partial<Surroundings> = {}): Surroundings => {
    const toolPath = `${process.env.PATH}:/usr/sbin`;
    return makeSurroundings(
      {},
      {
        tree: new Tree('/'),
        interfaces: () => os.networkInterfaces(),
        tools: new Tools(toolPath, runProgram),
        toolPath,
        user: { uid: 0, name: 'root', groups: [0] },
        server: { pid: server.pid, url: server.url, rtspPort: server.rtspPort, token: 'unused' },
        base: `http://10.99.0.1:${server.port}`,
        state: readState(server.dataDir),
        ...more,
      },
    );
  };
  const look = (id: string, more: Partial<Surroundings> = {}): Promise<Result> => find(discoveryChecks(here(more)), id);

  describe('a network in which all is well', () => {
    test('has multicast, and the camera answers with the address by which it was asked', async () => {
      expect(await look('multicast')).toEqual({ level: 'ok', seen: 'our own search came back on eth0 (10.99.0.1)' });
      expect(await look('ws-discovery')).toEqual({ level: 'ok', seen: `eth0 http://10.99.0.1:${server.port}/onvif/device_service` });
      expect(await look('mdns')).toEqual({ level: 'ok', seen: '_onvif._tcp answers on eth0 (10.99.0.1)' });
    });

    test('nobody is missed who is not there to answer', async () => {
      for (const id of ['ws-discovery', 'mdns']) {
        expect(await look(id, { server: undefined })).toMatchObject({ level: 'skipped', seen: expect.stringContaining('no camera runs') });
        expect(await look(id, { base: server.url })).toMatchObject({
          level: 'skipped',
          seen: expect.stringContaining('this machine alone'),
        });
        expect(await look(id, { state: makeState({ device: { discoverable: false } }) })).toMatchObject({
          level: 'skipped',
          seen: expect.stringContaining('not discoverable'),
        });
        expect(await look(id, { state: undefined })).toMatchObject({ level: 'skipped', seen: expect.stringContaining('state.json') });
        const { settings } = makeSurroundings({ config: { discovery: { enabled: false } } });
        expect(await look(id, { settings })).toMatchObject({ level: 'skipped', seen: 'discovery.enabled is off' });
        expect(await look(id, { announced: false })).toMatchObject({
          level: 'skipped',
          seen: expect.stringContaining('without discovery'),
        });
      }
    });

    test('without an address there is nothing to search by', async () => {
      for (const id of ['multicast', 'ws-discovery', 'mdns'])
        expect(await look(id, { interfaces: () => ({}) })).toMatchObject({ level: 'skipped' });
    });
  });

  test('a camera that is silent is told', async () => {
    // Another identity than the one that answers here.
    const state = makeState();
    expect(await look('ws-discovery', { state })).toMatchObject({
      level: 'error',
      seen: 'the camera does not answer a search by eth0 (10.99.0.1), 1 other does',
      fix: expect.stringContaining('restart the camera'),
    });
    expect(await look('mdns', { state })).toMatchObject({
      level: 'warning',
      seen: expect.stringContaining('does not answer by mDNS on eth0'),
    });
  });

  describe('a firewall', () => {
    afterEach(() => void nft('flush ruleset\n'));

    test('that keeps multicast out is noticed by its effect and by its rules', async () => {
      nft(
        'table inet filter { chain input { type filter hook input priority 0; policy drop; iif lo accept; tcp dport 1-65535 accept; }; }\n',
      );
      expect(await look('multicast')).toMatchObject({
        level: 'error',
        seen: expect.stringContaining('did not come back on eth0 (10.99.0.1)'),
        fix: expect.stringContaining('let UDP 3702 and 5353 in'),
      });
      expect(await look('mdns')).toMatchObject({ level: 'warning', fix: expect.stringContaining('5353') });
      const rules = await find(networkChecks(here()), 'firewall');
      expect(rules).toMatchObject({ level: 'warning', seen: 'nftables seems to keep out UDP 3702, UDP 5353' });
      // What it says to type is what helps.
      for (const [, command = ''] of (rules.fix ?? '').matchAll(/sudo nft (insert rule [^&`]+)/g)) nft(`${command}\n`);
      expect(await look('multicast')).toMatchObject({ level: 'ok' });
      expect(await find(networkChecks(here()), 'firewall')).toMatchObject({ level: 'ok' });
    });
  });

  test('an interface whose multicast is off is named with the command', async () => {
    ip('link', 'set', 'dev', 'eth0', 'multicast', 'off');
    nft('table inet filter { chain input { type filter hook input priority 0; policy accept; udp dport 3702 drop; }; }\n');
    try {
      expect(await look('multicast')).toMatchObject({
        level: 'error',
        fix: expect.stringContaining('sudo ip link set dev eth0 multicast on'),
      });
    } finally {
      nft('flush ruleset\n');
      ip('link', 'set', 'dev', 'eth0', 'multicast', 'on');
    }
  });

  test('a program that keeps the port for itself is named', async () => {
    const surroundings = here();
    // Only now the port is to be had.
    await server.stop();
    const sockets = [3702, 5353].map((port) => createSocket('udp4').bind(port, '0.0.0.0'));
    await Promise.all(sockets.map((socket) => once(socket, 'listening')));
    try {
      expect(await find(discoveryChecks(surroundings), 'mdns')).toMatchObject({
        level: 'error',
        seen: expect.stringMatching(/^UDP 5353 is kept by /),
      });
      expect(await find(discoveryChecks(surroundings), 'multicast')).toMatchObject({
        level: 'error',
        seen: expect.stringMatching(new RegExp(`^UDP 3702 is kept by .*process ${process.pid} of the user root`)),
        fix: expect.stringContaining("sudo ss -ulpn 'sport = :3702'"),
      });
    } finally {
      for (const socket of sockets) socket.close();
    }
  });
});
