import { describe, expect, test } from '@jest/globals';
import { readAnswers } from '../../../src/cli/discover.ts';
import { run } from '../../../src/cli/run.ts';

const answer = (changes: object) => ({
  urn: 'urn:uuid:9a8b7c6d-1234-4abc-8def-0123456789ab',
  name: 'Pi%20Camera',
  hardware: 'RPi4',
  location: '',
  types: [],
  scopes: [],
  xaddrs: ['http://192.168.1.5:8080/onvif/device_service'],
  ...changes,
});

describe('readAnswers', () => {
  test('takes what a table needs', () => {
    expect(readAnswers([answer({})])).toEqual([
      {
        address: '192.168.1.5',
        name: 'Pi Camera',
        hardware: 'RPi4',
        xaddr: 'http://192.168.1.5:8080/onvif/device_service',
        uuid: '9a8b7c6d-1234-4abc-8def-0123456789ab',
      },
    ]);
  });

  test('prefers an IPv4 address, and one that is not link-local', () => {
    const xaddrs = ['http://[fe80::1]/a', 'http://169.254.3.4/b', 'http://10.0.0.2/c'];
    expect(readAnswers([answer({ xaddrs })])).toMatchObject([{ address: '10.0.0.2', xaddr: 'http://10.0.0.2/c' }]);
    expect(readAnswers([answer({ xaddrs: xaddrs.slice(0, 1) })])).toMatchObject([{ address: '[fe80::1]' }]);
  });

  test('leaves out what cannot be reached, and what would move the cursor', () => {
    expect(readAnswers([answer({ xaddrs: ['', 'nonsense'] })])).toEqual([]);
    expect(readAnswers([answer({ name: 'a%1b[2Jb\u001b]0;x\u0007\u202e%zz', urn: { _: 'x' } })])).toMatchObject([
      { name: 'a%1b[2Jb]0;x%zz', uuid: '' },
    ]);
    expect(readAnswers([answer({ name: 'a%1b[2J' })])).toMatchObject([{ name: 'a[2J' }]);
  });
});

describe('readAnswers, of what strangers make up', () => {
  test('the address is that of a web service, and shown as it is read', () => {
    for (const xaddr of ['file:///etc/passwd', 'javascript:alert(1)', `http://10.0.0.2/${'x'.repeat(300)}`])
      expect(readAnswers([answer({ xaddrs: [xaddr] })])).toEqual([]);
    const evil = 'http://10.0.0.2/\u001b]0;owned\u0007\u009b2J\u202e';
    expect(readAnswers([answer({ xaddrs: [evil] })])).toMatchObject([
      { address: '10.0.0.2', xaddr: 'http://10.0.0.2/%1B]0;owned%07%C2%9B2J%E2%80%AE' },
    ]);
  });

  test('parts have a length that a table has room for, and few of many addresses are looked at', () => {
    const [camera] = readAnswers([answer({ name: 'x'.repeat(10_000), hardware: 'y'.repeat(10_000) })]);
    expect([camera?.name.length, camera?.hardware.length]).toEqual([256, 256]);
    const xaddrs = [...Array.from({ length: 16 }, () => 'nonsense'), 'http://10.0.0.2/'];
    expect(readAnswers([answer({ xaddrs })])).toEqual([]);
    expect(readAnswers([answer({ xaddrs: xaddrs.slice(1) })])).toHaveLength(1);
  });
});

test.each([
  [['discover', '--timeout', '0'], '--timeout takes seconds'],
  ...['0.05', '601', '1e9', '3s', '', '-1', '0x3', 'NaN', 'Infinity', '1,5', 'x'].map((text): [string[], string] => [
    ['discover', `--timeout=${text}`],
    `--timeout takes seconds from 0.1 to 600, not "${text}".`,
  ]),
  [['discover', 'more'], 'discover takes no "more".'],
])('%j is a usage error', async (argv, message) => {
  let stderr = '';
  const code = await run(argv, {
    env: {},
    home: '/',
    version: '1',
    webDir: '/',
    wsdlDir: '/',
    stdout: { write: () => true },
    stderr: { write: (text) => (stderr += text) },
    stopRequested: new Promise(() => {}),
    onExit() {},
    onFault() {},
  });
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});
