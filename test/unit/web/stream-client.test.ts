import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Fetch } from '../../../src/web/page/http.ts';
import { StreamClient } from '../../../src/web/page/stream-client.ts';

/** One request of the client, answered by the test. */
class Connection {
  readonly #resolve: (response: Response) => void;
  readonly #reject: (error: unknown) => void;
  readonly signal: AbortSignal;
  #body: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(signal: AbortSignal, resolve: (response: Response) => void, reject: (error: unknown) => void) {
    this.signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    signal.addEventListener('abort', () => this.break());
  }

  refuse(response: Response): void {
    this.#resolve(response);
  }

  /** Answers with a stream, as the server does. */
  open(): void {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#body = controller;
      },
    });
    this.#resolve(new Response(body, { headers: { 'Content-Type': 'multipart/x-mixed-replace; boundary=frame' } }));
    this.send('--frame\r\n');
  }

  send(text: string): void {
    this.#body?.enqueue(Buffer.from(text, 'latin1'));
  }

  picture(text: string): void {
    this.send(`Content-Type: image/jpeg\r\nContent-Length: ${text.length}\r\n\r\n${text}\r\n--frame\r\n`);
  }

  close(): void {
    this.#body?.close();
  }

  break(): void {
    this.#reject(new TypeError('network error'));
    this.#body?.error(new TypeError('network error'));
  }
}

let connections: Connection[];
let events: string[];
let silenceExpected: boolean;
let client: StreamClient;
const fetch: Fetch = (_url, init) =>
  new Promise((resolve, reject) => {
    connections.push(new Connection(init.signal as AbortSignal, resolve, reject));
  });
const newest = () => connections.at(-1) as Connection;
const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  jest.useFakeTimers();
  // In the middle of the jitter: waits are 500, 1000, 2000, 4000, 5000 ms.
  jest.spyOn(Math, 'random').mockReturnValue(0.5);
  connections = [];
  events = [];
  silenceExpected = false;
  client = new StreamClient({
    fetch,
    onPart: (part) => events.push(`picture ${Buffer.from(part.body).toString('latin1')}`),
    onLink: (link) => {
      const problem = 'problem' in link && link.problem !== undefined ? ` (${link.problem.message})` : '';
      events.push(`${link.state}${'retry' in link && link.retry ? ' again' : ''}${problem}`);
    },
    onSignedOut: () => events.push('signed out'),
    silenceExpected: () => silenceExpected,
  });
});
afterEach(() => {
  client.pause();
  jest.restoreAllMocks();
  jest.useRealTimers();
});

/** Connects and shows one picture. */
async function watching(): Promise<void> {
  client.resume();
  newest().open();
  newest().picture('a');
  await pass(0);
  events = [];
}

test('connects and gives pictures', async () => {
  client.resume();
  newest().open();
  newest().picture('a');
  newest().picture('b');
  await pass(0);
  expect(events).toEqual(['connecting', 'open', 'picture a', 'picture b']);
});

test('connects anew when it is told that the connection may be dead', async () => {
  await watching();
  client.renew();
  expect([connections.length, connections[0]?.signal.aborted]).toEqual([2, true]);
  newest().open();
  newest().picture('b');
  await pass(60_000);
  expect(events.slice(0, 3)).toEqual(['connecting again', 'open', 'picture b']);
});

describe('after a break', () => {
  test.each([
    ['a network error', () => newest().break()],
    ['an end', () => newest().close()],
  ])('%s: connects again after half a second', async (_, happen) => {
    await watching();
    happen();
    await pass(499);
    expect([events, connections.length]).toEqual([['waiting'], 1]);
    await pass(1);
    newest().open();
    newest().picture('b');
    await pass(0);
    expect(events).toEqual(['waiting', 'connecting again', 'open', 'picture b']);
  });

  test('waits longer each time, up to 5 s, until a picture comes', async () => {
    client.resume();
    for (const wait of [500, 1000, 2000, 4000, 5000, 5000]) {
      const before = connections.length;
      newest().open();
      newest().close();
      await pass(wait - 1);
      expect(connections).toHaveLength(before);
      await pass(1);
      expect(connections).toHaveLength(before + 1);
    }
    newest().open();
    newest().picture('a');
    newest().close();
    const before = connections.length;
    await pass(500);
    expect(connections).toHaveLength(before + 1);
  });

  test('resume ends the wait, and does nothing to a connection', async () => {
    await watching();
    newest().break();
    await pass(0);
    client.resume();
    client.resume();
    expect(connections).toHaveLength(2);
    await pass(5000);
    expect(connections).toHaveLength(2);
  });
});

describe('a refusal', () => {
  test('is told with its reason, and Retry-After is honoured within limits', async () => {
    const refusal = (after: string) =>
      Response.json({ error: { code: 'NO_CAMERA', message: 'No camera.' } }, { status: 503, headers: { 'Retry-After': after } });
    client.resume();
    newest().refuse(refusal('3'));
    await pass(2999);
    expect([events, connections.length]).toEqual([['connecting', 'waiting (No camera.)'], 1]);
    await pass(1);
    expect(events.at(-1)).toBe('connecting again (No camera.)');
    newest().refuse(refusal('86400'));
    await pass(10_000);
    expect(connections).toHaveLength(3);
  });

  test('an answer that is no stream counts as one', async () => {
    client.resume();
    newest().refuse(new Response('hello', { headers: { 'Content-Type': 'text/plain' } }));
    await pass(0);
    expect(events).toEqual(['connecting', 'waiting (hello)']);
  });

  test('401 ends it all', async () => {
    client.resume();
    newest().refuse(new Response('', { status: 401 }));
    await pass(60_000);
    expect([events, connections.length]).toEqual([['connecting', 'paused', 'signed out'], 1]);
  });
});

describe('silence', () => {
  test('of 12 s is a break', async () => {
    await watching();
    await pass(11_000);
    newest().picture('b');
    await pass(11_999);
    expect(events).toEqual(['picture b']);
    await pass(1);
    expect(events).toEqual(['picture b', 'waiting']);
    expect(connections[0]?.signal.aborted).toBe(true);
  });

  test('counts before the answer too', async () => {
    client.resume();
    await pass(12_500);
    expect(connections).toHaveLength(2);
  });

  test('is anything that belongs to no picture, but not the bytes of a slow picture', async () => {
    await watching();
    newest().send('Content-Length: 100\r\n\r\n');
    for (let second = 0; second < 20; second += 1) {
      newest().send('x');
      await pass(1000);
    }
    expect(events).toEqual([]);
    newest().send('x'.repeat(80));
    for (let second = 0; second < 12; second += 1) {
      newest().send('junk\r\n');
      await pass(1000);
    }
    expect(events.at(-1)).toBe('waiting');
  });

  test('is no break while no picture can be expected', async () => {
    silenceExpected = true;
    await watching();
    await pass(60_000);
    expect(events).toEqual([]);
    silenceExpected = false;
    await pass(12_000);
    expect(events).toEqual(['waiting']);
  });
});

describe('pause', () => {
  test('closes the connection and connects no more', async () => {
    await watching();
    client.pause();
    expect(connections[0]?.signal.aborted).toBe(true);
    await pass(60_000);
    expect([events, connections.length]).toEqual([['paused'], 1]);
  });

  test('ends a wait too, and resume starts afresh', async () => {
    await watching();
    newest().break();
    await pass(0);
    client.pause();
    await pass(60_000);
    expect(connections).toHaveLength(1);
    client.resume();
    newest().open();
    newest().picture('b');
    await pass(0);
    expect(events).toEqual(['waiting', 'paused', 'connecting', 'open', 'picture b']);
  });

  test('an answer that was under way is not taken for the new connection', async () => {
    client.resume();
    const old = newest();
    old.open();
    client.pause();
    client.resume();
    await pass(0);
    expect(events).toEqual(['connecting', 'paused', 'connecting']);
  });

  test('nor is a picture', async () => {
    await watching();
    newest().picture('old');
    client.pause();
    client.resume();
    newest().open();
    newest().picture('new');
    await pass(0);
    expect(events).toEqual(['paused', 'connecting', 'open', 'picture new']);
  });
});
