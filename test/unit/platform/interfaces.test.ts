import { expect, test } from '@jest/globals';
import { type InterfaceAddresses, Interfaces, machineInterfaces } from '../../../src/platform/interfaces.ts';

const address = (cidr: string): InterfaceAddresses => ({
  eth0: [{ address: cidr.split('/')[0]!, cidr, netmask: '', mac: '00:11:22:33:44:55', internal: false, family: 'IPv4' }],
});

test('a system that does not answer: what is known stays, and it is said once; so when it answers again', () => {
  const lines: string[] = [];
  const log = { warn: (line: string) => lines.push(line), info: (line: string) => lines.push(line) };
  let answer: InterfaceAddresses | undefined;
  const interfaces = new Interfaces(() => {
    if (answer) return answer;
    throw new Error('uv_interface_addresses returned EMFILE');
  });
  expect(interfaces.read(log)).toEqual({});
  expect(interfaces.read(log)).toEqual({});
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/cannot be read \(.*EMFILE\).*`ulimit -n`.*AF_NETLINK/);

  answer = address('10.0.0.1/8');
  expect(interfaces.read(log)).toBe(answer);
  expect(interfaces.read(log)).toBe(answer);
  expect(lines.slice(1)).toEqual(["The machine's network addresses can be read again."]);

  const known = answer;
  answer = undefined;
  expect(interfaces.read()).toBe(known);
  expect(interfaces.read(log)).toBe(known);
  expect(lines).toHaveLength(3);
});

test('those of this machine have its loopback', () => {
  expect(Object.values(machineInterfaces.read()).flat()).toContainEqual(expect.objectContaining({ address: '127.0.0.1' }));
});
