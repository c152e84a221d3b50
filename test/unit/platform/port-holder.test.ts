import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { portHolder } from '../../../src/platform/port-holder.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const line = (local: string, state: string, uid: number, inode: number) =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000 ${uid.toString().padStart(5)}        0 ${inode} 1 0 100 0 0 10 0\n`;

let root: string;
const write = (file: string, text: string) => {
  mkdirSync(join(root, file, '..'), { recursive: true });
  writeFileSync(join(root, file), text);
};
function startProcess(pid: number, command: readonly string[], sockets: readonly number[], comm = command[0]!): void {
  write(`proc/${pid}/comm`, `${comm}\n`);
  write(`proc/${pid}/cmdline`, `${command.join('\0')}\0`);
  mkdirSync(join(root, `proc/${pid}/fd`));
  for (const [at, inode] of sockets.entries()) symlinkSync(`socket:[${inode}]`, join(root, `proc/${pid}/fd/${at}`));
}

beforeEach(() => {
  root = makeTempDir();
  write('etc/passwd', 'root:x:0:0:root:/root:/bin/bash\nbroken\nwww-data:x:33:33::/:/usr/sbin/nologin\n');
  // Port 8080 listens, one connection to it does not, and neither does another port.
  write(
    'proc/net/tcp',
    HEAD + line('0100007F:1F90', '01', 0, 500) + line('00000000:0016', '0A', 0, 501) + line('00000000:1F90', '0A', 33, 502),
  );
  write('proc/net/tcp6', HEAD + line('00000000000000000000000000000000:22B8', '0A', 4321, 503));
  startProcess(7, ['sshd'], [501]);
});

describe('who listens on a port', () => {
  test('is named with process and user', () => {
    startProcess(80, ['/usr/sbin/nginx', '-g', 'daemon on;'], [500, 502], 'nginx');
    expect(portHolder(8080, root)).toEqual({ pid: 80, name: 'nginx', user: 'www-data' });
  });

  test('is found by IPv6 too; an interpreter is named with its script, a user without a name by his number', () => {
    startProcess(90, ['/usr/bin/node', 'dist/main.js', '--name', 'x'], [503], 'node');
    expect(portHolder(8888, root)).toEqual({ pid: 90, name: 'node dist/main.js', user: '4321' });
  });

  test('with options, or a command line of its own making, is named alone', () => {
    startProcess(90, ['python3', '-m', 'http.server'], [502]);
    expect(portHolder(8080, root)).toMatchObject({ name: 'python3' });
    startProcess(91, ['nginx: master process /usr/sbin/nginx'], [503], 'nginx');
    expect(portHolder(8888, root)).toMatchObject({ name: 'nginx' });
  });

  test('is found on a UDP port, which has no listeners', () => {
    write('proc/net/udp', HEAD + line('00000000:0E76', '07', 33, 504));
    startProcess(92, ['wsdd'], [504]);
    expect(portHolder(3702, root, 'udp')).toEqual({ pid: 92, name: 'wsdd', user: 'www-data' });
    expect(portHolder(3702, root)).toBeUndefined();
    expect(portHolder(8080, root, 'udp')).toBeUndefined();
  });

  test('is at least known by its user where the processes of others cannot be looked into', () => {
    expect(portHolder(8080, root)).toEqual({ pid: undefined, name: undefined, user: 'www-data' });
  });

  test('is nobody on a port where nobody listens, and where there is no /proc', () => {
    for (const port of [0, 144, 8081, 808, 65_535]) expect(portHolder(port, root)).toBeUndefined();
    expect(portHolder(8080, join(root, 'nowhere'))).toBeUndefined();
  });
});

describe('on this machine', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.close();
  });

  test.each(['127.0.0.1', '::1'])('this process is found by its own socket on %s', async (address) => {
    const port = await new Promise<number | undefined>((resolve, reject) => {
      server = createServer().once('error', (error: NodeJS.ErrnoException) => {
        // A machine without IPv6.
        if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') resolve(undefined);
        else reject(error);
      });
      server.listen(0, address, () => resolve((server!.address() as { port: number }).port));
    });
    if (port === undefined) return;
    expect(portHolder(port)).toMatchObject({ pid: process.pid });
  });
});
