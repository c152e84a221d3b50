import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import express from 'express';
import { AppError } from '../../../../src/core/errors.ts';
import { PageFiles } from '../../../../src/servers/http/page-files.ts';
import { makeTempDir } from '../../../support/temp-dir.ts';

const BUILT = join(import.meta.dirname, '../../../../dist/web');

let dir: string;
beforeEach(() => {
  dir = makeTempDir();
  cpSync(BUILT, dir, { recursive: true });
});

describe('at the start', () => {
  const refusal = (): AppError => {
    try {
      PageFiles.read(dir);
    } catch (error) {
      if (error instanceof AppError) return error;
    }
    throw new Error('no refusal');
  };

  test.each(['index.html', 'login.html', 'assets', 'assets/page.js', 'assets/style.css', 'assets/icon.svg'])(
    'without %s it says what is missing, where, and what to do',
    (name) => {
      rmSync(join(dir, name), { recursive: true });
      const { code, message, hint } = refusal();
      expect(code).toBe('PAGE_MISSING');
      expect(message).toContain(dir);
      expect(message).toContain(name);
      expect(hint).toContain('npm run build');
    },
  );
});

describe('a file', () => {
  const serve = async (use: (url: string) => Promise<void>) => {
    const files = PageFiles.read(dir);
    const app = express().set('etag', false);
    app.get('/style', (_req, res) => files.send(res, 'assets/style.css', 'public, max-age=60'));
    const server = app.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    try {
      await use(`http://127.0.0.1:${(server.address() as { port: number }).port}/style`);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  };

  test('is served as it was at the start, with what a cache needs', () =>
    serve(async (url) => {
      const before = readFileSync(join(dir, 'assets/style.css'), 'utf8');
      rmSync(join(dir, 'assets/style.css'));
      const answer = await fetch(url);
      expect(await answer.text()).toBe(before);
      expect(answer.headers.get('content-type')).toBe('text/css; charset=utf-8');
      expect(answer.headers.get('content-length')).toBe(String(Buffer.byteLength(before)));
      expect(answer.headers.get('cache-control')).toBe('public, max-age=60');
      const [etag, modified] = [answer.headers.get('etag')!, answer.headers.get('last-modified')!];
      expect(etag).toMatch(/^"[\w-]{27}"$/);
      for (const headers of [{ 'If-None-Match': etag }, { 'If-Modified-Since': modified }] as Record<string, string>[]) {
        // Not fetch: that asks caches not to answer 304 then.
        const again = await new Promise<IncomingMessage>((resolve) => get(url, { headers, agent: false }, resolve));
        const bytes = (await again.toArray()).length;
        expect([again.statusCode, again.headers.etag, bytes]).toEqual([304, etag, 0]);
      }
      expect((await fetch(url, { headers: { 'If-None-Match': '"another"' } })).status).toBe(200);
      const head = await fetch(url, { method: 'HEAD' });
      expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, String(Buffer.byteLength(before)), '']);
    }));

  test('has another tag when its content is another', async () => {
    const tags: (string | null)[] = [];
    const note = (url: string) => fetch(url).then((answer) => void tags.push(answer.headers.get('etag')));
    await serve(note);
    await serve(note);
    writeFileSync(join(dir, 'assets/style.css'), 'p { margin: 0 }');
    await serve(note);
    expect(tags[1]).toBe(tags[0]);
    expect(tags[2]).not.toBe(tags[0]);
  });
});
