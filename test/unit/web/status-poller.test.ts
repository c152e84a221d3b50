import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { Fetch } from '../../../src/web/page/http.ts';
import { StatusPoller } from '../../../src/web/page/status-poller.ts';

/** The server: answers a question when the test says so. */
class FakeServer {
  readonly questions: { readonly signal: AbortSignal; readonly answer: (response: Response) => void }[] = [];
  readonly fetch: Fetch = (_url, init) =>
    new Promise((resolve, reject) => {
      const signal = init.signal as AbortSignal;
      signal.addEventListener('abort', () => reject(signal.reason));
      this.questions.push({ signal, answer: resolve });
    });
}

const server = () => new FakeServer();
const live = () => Response.json({ camera: 'live' });
let events: string[];

function poller(fetch: Fetch): StatusPoller {
  return new StatusPoller({
    fetch,
    onStatus: (status) => events.push(status.camera),
    onFailure: () => events.push('failure'),
    onSignedOut: () => events.push('signed out'),
  });
}

beforeEach(() => {
  events = [];
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});
const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

test('asks at once, and again 3 s after each answer', async () => {
  const { fetch, questions } = server();
  poller(fetch).start();
  expect(questions).toHaveLength(1);
  await pass(1000);
  questions[0]?.answer(live());
  await pass(2999);
  expect([events, questions.length]).toEqual([['live'], 1]);
  await pass(1);
  expect(questions).toHaveLength(2);
});

test('asks every second while the camera gives no picture', async () => {
  const { fetch, questions } = server();
  poller(fetch).start();
  questions[0]?.answer(Response.json({ camera: 'failed' }));
  await pass(999);
  expect(questions).toHaveLength(1);
  await pass(1);
  expect(questions).toHaveLength(2);
  questions[1]?.answer(live());
  await pass(2999);
  expect(questions).toHaveLength(2);
});

test('has one question out, however often it is told to ask', async () => {
  const { fetch, questions } = server();
  const status = poller(fetch);
  status.start();
  status.start();
  status.now();
  expect(questions).toHaveLength(1);
  questions[0]?.answer(live());
  await pass(0);
  status.now();
  await pass(0);
  expect(questions).toHaveLength(2);
  await pass(3000);
  expect(questions).toHaveLength(2);
});

test('a question without an answer ends after 5 s, and the next one follows', async () => {
  const { fetch, questions } = server();
  poller(fetch).start();
  await pass(5000);
  expect(events).toEqual(['failure']);
  expect(questions[0]?.signal.aborted).toBe(true);
  await pass(3000);
  expect(questions).toHaveLength(2);
});

test.each([
  ['an error', new Response('', { status: 500 })],
  ['something that is no status', Response.json(['live'])],
  ['something that is no JSON', new Response('<html>')],
])('%s is a failure', async (_, response) => {
  const { fetch, questions } = server();
  poller(fetch).start();
  questions[0]?.answer(response);
  await pass(0);
  expect(events).toEqual(['failure']);
});

test('asks nothing after stop, and forgets the question that was out', async () => {
  const { fetch, questions } = server();
  const status = poller(fetch);
  status.start();
  status.stop();
  status.now();
  await pass(60_000);
  expect([events, questions.length]).toEqual([[], 1]);
  status.start();
  questions[1]?.answer(live());
  await pass(0);
  expect(events).toEqual(['live']);
});

test('stops when the session is over', async () => {
  const { fetch, questions } = server();
  poller(fetch).start();
  questions[0]?.answer(new Response('', { status: 401 }));
  await pass(60_000);
  expect([events, questions.length]).toEqual([['signed out'], 1]);
});
