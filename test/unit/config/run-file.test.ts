import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  findRunningServer,
  type RunFile,
  readRunFile,
  removeRunFile,
  requireRunningServer,
  writeRunFile,
} from '../../../src/config/run-file.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

const CONTENT: RunFile = { pid: process.pid, url: 'http://127.0.0.1:8080', token: 'secret' };

let dir: string;
const file = () => join(dir, 'server.json');

beforeEach(() => {
  dir = makeTempDir();
});

describe('the file', () => {
  test('comes back as it was written, and is for this user alone', () => {
    writeRunFile(dir, CONTENT);
    expect(readRunFile(dir)).toEqual(CONTENT);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(readFileSync(file(), 'utf8')).toMatch(/\n$/);
  });

  test.each([
    '',
    '{',
    'null',
    '{"pid":1,"url":"nowhere","token":"x"}',
    '{"pid":-1,"url":"http://x","token":"x"}',
    '{"pid":1,"url":"http://x"}',
  ])('%j is as good as none', (text) => {
    writeFileSync(file(), text);
    expect(readRunFile(dir)).toBeUndefined();
  });

  test.each([
    ['a link', (place: string) => symlinkSync(join(dir, 'elsewhere'), place)],
    ['a named pipe', (place: string) => execFileSync('mkfifo', [place])],
    ['one with more than it can hold', (place: string) => writeFileSync(place, JSON.stringify({ ...CONTENT, more: 'x'.repeat(5000) }))],
  ])('%s is as good as none, and is replaced', (_, put) => {
    writeFileSync(join(dir, 'elsewhere'), JSON.stringify(CONTENT));
    put(file());
    expect(readRunFile(dir)).toBeUndefined();
    writeRunFile(dir, CONTENT);
    expect(readRunFile(dir)).toEqual(CONTENT);
    expect(lstatSync(file()).isFile()).toBe(true);
  });

  test('is removed by the process it belongs to, and by no other', () => {
    writeRunFile(dir, CONTENT);
    removeRunFile(dir, 124);
    expect(existsSync(file())).toBe(true);
    removeRunFile(dir, process.pid);
    expect(existsSync(file())).toBe(false);
    removeRunFile(dir, process.pid);
  });

  test('a directory that cannot be written is a DATA_DIR error', () => {
    expect(() => writeRunFile(join(dir, 'missing'), CONTENT)).toThrow(expect.objectContaining({ code: 'DATA_DIR' }));
  });
});

describe('findRunningServer', () => {
  let server: Server;
  let status: number;
  let asked: string[];

  beforeEach(async () => {
    status = 200;
    asked = [];
    server = createServer((req, res) => {
      asked.push(`${req.method} ${req.url} ${req.headers.authorization}`);
      res.writeHead(status).end('{}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  test('finds the one that answers to the token', async () => {
    const content = { ...CONTENT, url: url() };
    writeRunFile(dir, content);
    expect(await findRunningServer(dir)).toEqual(content);
    expect(asked).toEqual(['GET /api/status Bearer secret']);
  });

  test('another program on the port, which does not know the token, is not it', async () => {
    writeRunFile(dir, { ...CONTENT, url: url() });
    status = 401;
    expect(await findRunningServer(dir)).toBeUndefined();
  });

  test('where none runs, says how that camera is started', async () => {
    await expect(requireRunningServer(dir)).rejects.toMatchObject({ code: 'NOT_RUNNING', hint: expect.stringContaining('`onvif-camera`') });
    await expect(requireRunningServer('/var/lib/onvif-camera-no-such-camera')).rejects.toMatchObject({
      code: 'NOT_RUNNING',
      hint: expect.stringContaining('`sudo systemctl start onvif-camera@no-such-camera`'),
    });
  });

  test('a server that is gone is not found, nor one that never was', async () => {
    expect(await findRunningServer(dir)).toBeUndefined();
    writeRunFile(dir, { ...CONTENT, url: url() });
    server.close();
    await once(server, 'close');
    expect(await findRunningServer(dir)).toBeUndefined();
  });
});
