import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { LocalNames } from '../../../../src/platform/machine/local-names.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { makeTempDir } from '../../../support/temp-dir.ts';

test('names are those of now, a few seconds late: at boot, DHCP brings the domain after us', () => {
  const root = makeTempDir();
  const clock = new FakeClock();
  let hostname = 'raspberrypi';
  const names = new LocalNames({ root, clock, hostname: () => hostname });
  expect(names.read()).toMatchObject({ hostname: 'raspberrypi', domains: [] });
  mkdirSync(join(root, 'etc'));
  writeFileSync(join(root, 'etc/resolv.conf'), 'search example.net corp.example\nnameserver 192.168.1.1\n');
  hostname = 'picam';
  expect(names.read()).toMatchObject({ hostname: 'raspberrypi', domains: [] });
  clock.advance(10_000);
  expect(names.read()).toMatchObject({ hostname: 'picam', domains: ['example.net', 'corp.example'] });
  rmSync(join(root, 'etc/resolv.conf'));
  clock.advance(10_000);
  expect(names.read()).toMatchObject({ domains: [] });
});
