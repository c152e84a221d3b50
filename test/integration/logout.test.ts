import { afterAll, afterEach, beforeAll, test } from '@jest/globals';
import { basic, PASSWORD, Server } from '../support/server.ts';
import { Viewer } from '../support/viewer.ts';

/** Whoever logs out sees nothing any more, in other tabs of the same browser neither; other logins go on. */

let server: Server;
let viewers: Viewer[] = [];

beforeAll(async () => {
  server = await Server.start({ args: ['--source', 'test', '--width', '320', '--height', '240'] });
});
afterAll(async () => {
  await server.stop();
});
afterEach(() => {
  for (const { socket } of viewers) socket.destroy();
  viewers = [];
});

/** A session of the form, as its Cookie header. */
async function logIn(headers: Readonly<Record<string, string>> = {}): Promise<Record<string, string>> {
  const body = new URLSearchParams({ username: 'admin', password: PASSWORD });
  const answer = await fetch(`${server.url}/login`, { method: 'POST', body, headers, redirect: 'manual' });
  return { Cookie: answer.headers.get('set-cookie')!.split(';')[0]! };
}

const logOut = (session: Readonly<Record<string, string>>) =>
  fetch(`${server.url}/logout`, { method: 'POST', headers: session, redirect: 'manual' });

async function watch(headers: Readonly<Record<string, string>>, path = '/stream.mjpg'): Promise<Viewer> {
  const viewer = new Viewer(server, path, headers);
  viewers.push(viewer);
  await sees(viewer);
  return viewer;
}

async function sees(viewer: Viewer): Promise<void> {
  const { length } = viewer.parts;
  await viewer.until(() => viewer.parts.length > length + 1, 'pictures');
}

test('a logout ends the streams of its session alone', async () => {
  const [session, other] = [await logIn(), await logIn()];
  const tabs = [await watch(session), await watch(session, '/?action=stream'), await watch(session, '/stream.mjpg?fps=5')];
  const others = [await watch(other), await watch({ Authorization: basic('admin', PASSWORD) })];
  await logOut(session);
  for (const tab of tabs) await tab.until(() => tab.closed, 'the end of the stream');
  for (const viewer of others) await sees(viewer);
  // He who comes back is served.
  await watch(await logIn(session));
  await logOut(session);
  for (const viewer of others) await sees(viewer);
});

test('a session that has to make room for newer ones takes its streams along', async () => {
  const viewer = await watch(await logIn());
  const newer = await logIn();
  const newest = await watch(newer);
  for (let k = 0; k < 256 && !viewer.closed; k++) {
    await logIn();
    // Used, and so none of the oldest.
    await fetch(`${server.url}/api/status`, { headers: newer });
  }
  await viewer.until(() => viewer.closed, 'the end of the stream');
  await sees(newest);
}, 30_000);
