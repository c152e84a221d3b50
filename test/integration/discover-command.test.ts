import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { run } from '../../src/cli/run.ts';
import { buildMatches } from '../../src/protocols/ws-discovery/builders.ts';
import { ONVIF_TYPES } from '../../src/protocols/ws-discovery/names.ts';
import { inOwnNetwork } from '../support/network/own-network.ts';
import { UUID, WsDiscoveryStage } from '../support/network/ws-discovery-stage.ts';

inOwnNetwork(import.meta.filename, [], () => {
  const stage = new WsDiscoveryStage();

  describe('onvif-camera discover', () => {
    const discover = (...argv: string[]) => discoverOn(undefined, argv);
    async function discoverOn(isTTY: boolean | undefined, argv: readonly string[]) {
      execFileSync('ip', ['route', 'replace', 'default', 'via', '10.99.0.2']);
      let stdout = '';
      let stderr = '';
      const code = await run(['discover', ...argv], {
        env: {},
        home: '/',
        version: '1',
        webDir: '/',
        wsdlDir: '/',
        stdout: { write: (text) => (stdout += text) },
        stderr: { isTTY, write: (text) => (stderr += text) },
        stopRequested: new Promise(() => {}),
        onExit() {},
        onFault() {},
      });
      return { code, stdout, stderr };
    }

    test('lists all cameras as a table and as JSON', async () => {
      await stage.startDiscovery();
      await stage.startDiscovery({ uuid: 'second', xaddr: (host) => `http://${host}:8081/onvif/device_service` });
      const { code, stdout } = await discover();
      expect(code).toBe(0);
      expect(stdout).toContain('ADDRESS    NAME       HARDWARE  DEVICE SERVICE');
      expect(stdout).toContain(`10.99.0.1  Pi Camera  RPi4      http://10.99.0.1:8080/onvif/device_service  ${UUID}\n`);
      const found = JSON.parse((await discover('--json', '--timeout', '2')).stdout) as { uuid: string }[];
      expect(found.map(({ uuid }) => uuid).sort()).toEqual([UUID, 'second']);
    });

    /** How often a search asks: three times for each of three types. */
    const PROBES = 9;
    const probes = () => stage.station.heard.filter(({ message, via }) => message?.kind === 'Probe' && via !== 'own').length;

    test.each([
      // It asks every 150 ms, at most: four times in less than 0.6 s.
      ['0.5', 500, 1, 4],
      ['4', 4000, 5, PROBES],
      ['6.5', 6500, PROBES + 1, 2 * PROBES],
    ])('--timeout %s listens that long, and asks anew where there is time for it', async (timeout, ms, least, most) => {
      const began = performance.now();
      const { code, stderr } = await discover('--timeout', timeout);
      // Timers may be a millisecond early.
      expect(performance.now() - began).toBeGreaterThanOrEqual(ms - 5);
      expect(code).toBe(0);
      expect(stderr).toContain(`No ONVIF camera answered within ${timeout} s.`);
      expect(probes()).toBeGreaterThanOrEqual(least);
      expect(probes()).toBeLessThanOrEqual(most);
    });

    test('tells on a terminal how far it is, and takes that away again', async () => {
      await stage.startDiscovery();
      const { stdout, stderr } = await discoverOn(true, ['--timeout', '1']);
      expect(stdout).toContain(UUID);
      const [before, ...lines] = stderr.split('\r\x1b[K');
      // The last one is the line that was taken away.
      expect([before, lines.at(-1)]).toEqual(['', '']);
      expect(lines.length).toBeGreaterThan(2);
      for (const line of lines.slice(0, -1)) expect(line).toMatch(/^Listening for cameras: [01] of 1 s, 0 found$/);
    });

    test('finds a camera in one second', async () => {
      await stage.startDiscovery();
      const { stdout } = await discover('--timeout', '1');
      expect(stdout).toContain(UUID);
    });

    test('an answer with escape sequences reaches the terminal without them', async () => {
      const evil = '\u009b2J\u202e\u2028';
      const answer = buildMatches(
        { kind: 'Probe', soap: '1.2', messageId: 'urn:x', types: [], scopes: [], matchBy: undefined },
        {
          address: `urn:uuid:evil${evil}`,
          types: ONVIF_TYPES,
          scopes: [`onvif://www.onvif.org/name/Cam%1b%5d0;owned%07${evil}`, `onvif://www.onvif.org/hardware/H${evil}`],
          xaddrs: [`http://10.99.0.2/onvif${evil}`],
          metadataVersion: 1,
        },
        stage.newId(),
        { instanceId: 1, messageNumber: 1 },
      );
      const [command, args] = stage.neighbour.command(
        process.execPath,
        '-e',
        `const socket = require('dgram').createSocket({ type: 'udp4', reuseAddr: true });
         socket.on('message', (_, { port, address }) => socket.send(${JSON.stringify(answer)}, port, address));
         socket.bind(3702, () => { socket.addMembership('239.255.255.250', '10.99.0.2'); console.log('ready'); });`,
      );
      const stranger = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(stranger.stdout, 'data');
      try {
        const { stdout } = await discover();
        expect(stdout).toMatch(/^[\x20-\x7e\n]+$/);
        expect(stdout).toContain('10.99.0.2  Cam]0;owned2J  H2J');
        const json = (await discover('--json')).stdout;
        expect(json).toMatch(/^[\x20-\x7e\n]+$/);
        expect(JSON.parse(json)).toMatchObject([{ address: '10.99.0.2', xaddr: 'http://10.99.0.2/onvif%C2%9B2J%E2%80%AE' }]);
      } finally {
        stranger.kill();
        await once(stranger, 'exit');
      }
    }, 15_000);

    test('says so when there is none', async () => {
      const { code, stdout, stderr } = await discover();
      expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
      expect(stderr).toContain('No ONVIF camera answered within 3 s.');
      expect(JSON.parse((await discover('--json')).stdout)).toEqual([]);
    });
  });
});
