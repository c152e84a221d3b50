import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { readJpegHeader } from '../../src/frames/jpeg.ts';
import { ACCEPT_JSON, basic, PASSWORD, problemCode, Server } from '../support/server.ts';
import { Viewer } from '../support/viewer.ts';

let server: Server;
beforeAll(async () => {
  server = await Server.start({ args: ['--source', 'test', '--width', '320', '--height', '240', '--fps', '20'] });
});
afterAll(async () => {
  await server.stop();
});

describe('the stream', () => {
  test('headers, delimiters and parts as the contract has them', async () => {
    const viewer = new Viewer(server);
    await viewer.next(3);
    await viewer.close();
    expect(viewer.head.split('\r\n')).toEqual(
      expect.arrayContaining([
        'HTTP/1.1 200 OK',
        'Content-Type: multipart/x-mixed-replace; boundary=frame',
        'Cache-Control: no-store',
        'Connection: close',
      ]),
    );
    for (const { headers, jpeg, at } of viewer.parts) {
      expect(Object.keys(headers)).toEqual(['Content-Type', 'Content-Length', 'X-Timestamp']);
      expect(headers['Content-Type']).toBe('image/jpeg');
      expect(readJpegHeader(jpeg)).toMatchObject({ width: 320, height: 240 });
      expect(Math.abs(at / 1000 - Number(headers['X-Timestamp']))).toBeLessThan(2);
    }
  });

  test('the first delimiter comes at once, before the camera has a picture', async () => {
    const cold = await Server.start({ args: ['--source', 'test'] });
    const viewer = new Viewer(cold);
    await viewer.until(() => viewer.rest === '' && viewer.head !== '', 'the head');
    expect(viewer.parts).toHaveLength(0);
    await viewer.next();
    await cold.stop();
  });

  test.each(['/cam.mjpg', '/?action=stream', '//stream.mjpg'])('%s is the same', async (path) => {
    const viewer = new Viewer(server, path);
    await viewer.next();
    await viewer.close();
  });

  test('?fps= thins it out', async () => {
    const viewer = new Viewer(server, '/stream.mjpg?fps=4');
    await viewer.next(16);
    await viewer.close();
    const times = viewer.parts.map(({ headers }) => Number(headers['X-Timestamp']));
    // So many that single late ones do not count.
    expect((times[15]! - times[1]!) / 14).toBeGreaterThan(0.2);
    expect((times[15]! - times[1]!) / 14).toBeLessThan(0.3);
  });

  test.each(['0', '-1', 'abc', '1e9', ''])('?fps=%s is refused', async (fps) => {
    const answer = await server.fetch(`/stream.mjpg?fps=${fps}`, { headers: ACCEPT_JSON });
    expect([answer.status, await problemCode(answer)]).toEqual([400, 'BAD_FPS']);
  });

  test('?advance=1 sends the next part’s header with each picture', async () => {
    const viewer = new Viewer(server, '/stream.mjpg?advance=1', { Authorization: basic('admin', PASSWORD), 'X-Raw': '1' });
    // Not the strict form: there is no length to go by.
    viewer.socket.removeAllListeners('data');
    let text = '';
    await new Promise<void>((resolve) => {
      viewer.socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1');
        if (text.split('--frame\r\nContent-Type: image/jpeg\r\n\r\n').length > 4) resolve();
      });
    });
    viewer.socket.destroy();
    const [head, ...parts] = text.split('--frame\r\nContent-Type: image/jpeg\r\n\r\n');
    expect(head).toContain('boundary=frame');
    for (const part of parts.slice(0, 3)) {
      expect(part.startsWith('\xff\xd8')).toBe(true);
      expect(part.endsWith('\xff\xd9\r\n')).toBe(true);
    }
  });

  test('a second request on its connection ends it', async () => {
    const viewer = new Viewer(server);
    await viewer.next();
    viewer.socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await viewer.until(() => viewer.closed, 'closed');
  });
});

describe('the snapshot', () => {
  test.each(['/snapshot.jpg', '/?action=snapshot'])('%s is the latest picture, with its length and time', async (path) => {
    const answer = await server.fetch(path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('image/jpeg');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const jpeg = Buffer.from(await answer.arrayBuffer());
    expect(Number(answer.headers.get('content-length'))).toBe(jpeg.length);
    expect(readJpegHeader(jpeg)).toMatchObject({ width: 320, height: 240 });
    expect(Math.abs(Date.now() / 1000 - Number(answer.headers.get('x-timestamp')))).toBeLessThan(2);
  });
});

describe('smaller pictures', () => {
  let wide: Server;
  beforeAll(async () => {
    wide = await Server.start({ args: ['--source', 'test', '--width', '640', '--height', '480', '--fps', '20'] });
  });
  afterAll(() => wide.stop());

  test('come by ?width=, each made once for all who want it', async () => {
    const viewers = [new Viewer(wide, '/stream.mjpg?width=320'), new Viewer(wide, '/stream.mjpg?width=320')];
    const large = new Viewer(wide, '/stream.mjpg');
    await Promise.all([...viewers, large].map((viewer) => viewer.next(3)));
    for (const viewer of viewers) {
      const size = await sharp(viewer.parts[0]!.jpeg).metadata();
      expect([size.width, size.height]).toEqual([320, 240]);
    }
    expect((await sharp(large.parts[0]!.jpeg).metadata()).width).toBe(640);
    const [one, other] = viewers.map(({ parts }) => new Map(parts.map(({ headers, jpeg }) => [headers['X-Timestamp'], jpeg])));
    const common = [...one!].filter(([time]) => other!.has(time));
    expect(common.length).toBeGreaterThan(0);
    for (const [time, jpeg] of common) expect(other!.get(time)).toEqual(jpeg);
    await Promise.all([...viewers, large].map((viewer) => viewer.close()));
  });

  test.each(['0', '321', '640px', '8000', ''])('?width=%s is refused', async (width) => {
    for (const path of ['/stream.mjpg', '/snapshot.jpg']) {
      const answer = await server.fetch(`${path}?width=${width}`, { headers: ACCEPT_JSON });
      expect([answer.status, await problemCode(answer)]).toEqual([400, 'BAD_WIDTH']);
    }
  });

  test('?width= makes a snapshot smaller, and never larger', async () => {
    for (const [asked, width] of [
      [320, 320],
      [1280, 640],
    ]) {
      const answer = await wide.fetch(`/snapshot.jpg?width=${asked}`);
      expect((await sharp(Buffer.from(await answer.arrayBuffer())).metadata()).width).toBe(width);
    }
  });
});
