import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { StateStore } from '../../../../src/config/state.ts';
import type { Logger } from '../../../../src/core/log.ts';
import {
  ALL_TOOLS,
  type Files,
  ipv4,
  linkFiles,
  makeMachine,
  makeTools,
  makeTree,
  PI_ADDRESSES,
  PI_FILES,
  PI_MAC,
} from '../../../support/system-tools/tree.ts';
import { makeTempDir } from '../../../support/temp-dir.ts';

/** The MAC address by which recorders know the camera, over what the machine has at a start. */

const ETH = '00:11:22:33:44:01';
const WLAN = '00:11:22:33:44:02';
const VETH = '02:42:00:00:00:01';
const OFF = { flags: '0x1002', operstate: 'down', carrier: '0' };
const NO_CABLE = { operstate: 'down', carrier: '0' };
const eth0 = (more = {}) => linkFiles('eth0', ETH, { 'device/uevent': '', ...more });
const wlan0 = (more = {}) => linkFiles('wlan0', WLAN, { 'device/uevent': '', ...more });
const docker = { ...linkFiles('docker0', VETH), ...linkFiles('veth1', '02:42:00:00:00:02'), ...linkFiles('aaa0', '02:42:00:00:00:03') };
const at = (name: 'eth0' | 'wlan0') => ({ [name]: [ipv4(name === 'eth0' ? ETH : WLAN, '192.168.1.5/24')] });

/** Starts on one data directory: what is known there, and what was said. */
function makeStarts() {
  const dir = makeTempDir();
  const said: string[] = [];
  const keep = (message: string) => void said.push(message);
  const log: Logger = { debug() {}, info: keep, warn: keep, error: keep };
  const start = (files: Files, addresses = {}, root = makeTree(files)) => {
    const store = new StateStore(dir);
    const mac = { mac: store.state.mac, keep: (mac: string) => store.update({ mac }) };
    return makeMachine({}, addresses, { mac, log, root });
  };
  return { said, start, kept: () => new StateStore(dir).state.mac };
}

describe('the MAC address of the camera', () => {
  test('is of the adapter that is connected at the first start, and stays its, whatever is connected later', () => {
    const { start, said } = makeStarts();
    expect(start({ ...eth0(NO_CABLE), ...wlan0(), ...docker }, at('wlan0')).mac()).toBe(WLAN);
    expect(start({ ...eth0(), ...wlan0(), ...docker }, at('eth0')).mac()).toBe(WLAN);
    expect(start({ ...eth0(), ...wlan0(OFF) }, at('eth0')).mac()).toBe(WLAN);
    expect(said).toEqual([]);
  });

  test.each<[string, Files, string]>([
    ['one that is switched on, without an address', { ...eth0(OFF), ...wlan0(NO_CABLE) }, WLAN],
    ['the first, with none switched on', { ...eth0(OFF), ...wlan0(OFF) }, ETH],
    ['hardware, though a bridge comes before it', { ...docker, ...wlan0() }, WLAN],
    ['a bridge where there is no hardware', linkFiles('docker0', VETH), VETH],
  ])('is at the first start of %s', (_, files, expected) => {
    expect(makeStarts().start(files).mac()).toBe(expected);
  });

  test('does not change while the program runs, even if the adapter is pulled out', () => {
    let addresses = at('wlan0');
    const os = { networkInterfaces: () => addresses, hostname: () => 'x', machine: () => 'x', type: () => 'x' };
    // What the system tells by its files is not there: interfaces are those with an address.
    const machine = makeMachine({}, {}, { os });
    expect(machine.mac()).toBe(WLAN);
    addresses = at('eth0');
    expect(machine.mac()).toBe(WLAN);
    expect(machine.hardware().serial).toBe(WLAN.replaceAll(':', ''));
  });

  test('is another one where the adapter is gone at the start, which is said once', () => {
    const { start, said } = makeStarts();
    start({ ...eth0(NO_CABLE), ...wlan0() }, at('wlan0')).mac();
    expect(start({ ...eth0(), ...docker }, at('eth0')).mac()).toBe(ETH);
    expect(said).toEqual([expect.stringContaining(`The network adapter ${WLAN}, by which recorders know this camera, is gone`)]);
    expect(start({ ...eth0(), ...wlan0() }, at('wlan0')).mac()).toBe(ETH);
    expect(said).toHaveLength(1);
  });

  /** Starts where the adapter that is known is not to be seen, and nothing is connected. */
  function startWithoutNetwork(files: Files) {
    const starts = makeStarts();
    starts.start({ ...eth0(NO_CABLE), ...wlan0() }, at('wlan0')).mac();
    const addresses: ReturnType<typeof at> = {};
    const root = makeTree({ ...eth0(NO_CABLE), ...files });
    const machine = starts.start({}, addresses, root);
    const become = (name: 'eth0' | 'wlan0', mac: string) => {
      mkdirSync(join(root, `/sys/class/net/${name}/device`), { recursive: true });
      writeFileSync(join(root, `/sys/class/net/${name}/device/uevent`), '');
      writeFileSync(join(root, `/sys/class/net/${name}/address`), `${mac}\n`);
      Object.assign(addresses, at(name));
    };
    return { ...starts, machine, become };
  }
  const RANDOM = '1e:22:33:44:55:66';

  test.each<[string, Files]>([
    ['Wi-Fi has a random address until it finds its access point', wlan0({ address: RANDOM })],
    ['the adapter comes only after the program', {}],
  ])('stays while there is no network, where %s', (_, files) => {
    const { machine, become, said, kept } = startWithoutNetwork(files);
    expect([machine.mac(), machine.hardware().serial]).toEqual([WLAN, WLAN.replaceAll(':', '')]);
    expect(kept()).toBe(WLAN);
    become('wlan0', WLAN);
    expect(machine.mac()).toBe(WLAN);
    become('eth0', ETH);
    expect([machine.mac(), kept()]).toEqual([WLAN, WLAN]);
    expect(said).toEqual([]);
  });

  test('is another one as soon as there is a network, but not by the adapter that was known', () => {
    const { machine, become, said, kept } = startWithoutNetwork({});
    expect(machine.mac()).toBe(WLAN);
    become('eth0', ETH);
    expect([machine.mac(), kept()]).toEqual([ETH, ETH]);
    become('wlan0', WLAN);
    expect([machine.mac(), kept()]).toEqual([ETH, ETH]);
    expect(said).toEqual([expect.stringContaining(`it is known by ${ETH} from now on`)]);
  });

  test('stays in a container, whose addresses are new at each start, and where there is no network at all', () => {
    const { start, said } = makeStarts();
    expect(start(linkFiles('eth0', '02:42:ac:11:00:02')).mac()).toBe('02:42:ac:11:00:02');
    expect(start(linkFiles('eth0', '02:42:ac:11:00:03')).mac()).toBe('02:42:ac:11:00:02');
    expect(start({}).mac()).toBe('02:42:ac:11:00:02');
    expect(said).toEqual([]);
  });

  test('is known as soon as there is an interface', () => {
    const addresses: ReturnType<typeof at> = {};
    const os = { networkInterfaces: () => addresses, hostname: () => 'x', machine: () => 'x', type: () => 'x' };
    const machine = makeMachine({}, {}, { os });
    expect(machine.mac()).toBeUndefined();
    Object.assign(addresses, at('eth0'));
    expect(machine.mac()).toBe(ETH);
  });

  test('that cannot be kept is told all the same', () => {
    const said: string[] = [];
    const log = { debug() {}, info() {}, error() {}, warn: (message: string) => void said.push(message) };
    const keep = () => {
      throw new Error('EROFS');
    };
    const machine = makeMachine(eth0(), {}, { mac: { mac: undefined, keep }, log });
    expect([machine.mac(), machine.mac()]).toEqual([ETH, ETH]);
    expect(said).toEqual([expect.stringMatching(/cannot be kept: EROFS/)]);
  });
});

describe('the interfaces', () => {
  const seen = async (files: Files, addresses = {}, options = {}) =>
    (await makeMachine(files, addresses, options).interfaces()).map(({ name, up }) => `${name} ${up ? 'on' : 'off'}`);

  test('are those of hardware, on without a cable too', async () => {
    expect(await seen({ ...docker, ...eth0(NO_CABLE), ...wlan0(OFF) })).toEqual(['eth0 on', 'wlan0 off']);
    expect(await seen(docker)).toEqual(['aaa0 on', 'docker0 on', 'veth1 on']);
  });

  test('are also the bridge by which the machine is reached', async () => {
    const routes = (name: string) => ({
      '/proc/net/route': `Iface\tDestination\tGateway\n${name}\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\n`,
    });
    expect(await seen({ ...docker, ...eth0(), ...linkFiles('br0', ETH), ...routes('br0') })).toEqual(['eth0 on', 'br0 on']);
  });

  test('are off where NetworkManager has disconnected them, and on where it misses the cable', async () => {
    const tools = makeTools(ALL_TOOLS);
    expect(await seen(PI_FILES, PI_ADDRESSES, { searchPath: tools.dir })).toEqual(['eth0 on', 'wlan0 off']);
    const unavailable = makeTools(ALL_TOOLS, { states: { wlan0: 20 } });
    expect(await seen(PI_FILES, PI_ADDRESSES, { searchPath: unavailable.dir })).toEqual(['eth0 on', 'wlan0 on']);
    expect(makeMachine(PI_FILES, PI_ADDRESSES).mac()).toBe(PI_MAC);
  });
});
