import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Fetch } from '../../../src/web/page/http.ts';
import type { Port, ToWindow, ToWorker } from '../../../src/web/page/shared-protocol.ts';
import { SharedStream } from '../../../src/web/page/shared-stream.ts';
import { StreamShare } from '../../../src/web/page/stream-share.ts';

/** The server: streams that the test writes to. */
class FakeServer {
  readonly streams: { send(text: string): void; readonly signal: AbortSignal }[] = [];
  status = 200;
  readonly fetch: Fetch = (_url, init) => {
    const signal = init.signal as AbortSignal;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        signal.addEventListener('abort', () => controller.error(new TypeError('aborted')));
        const send = (text: string) =>
          controller.enqueue(Buffer.from(`--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${text.length}\r\n\r\n${text}\r\n`));
        this.streams.push({ signal, send });
      },
    });
    const headers = { 'Content-Type': 'multipart/x-mixed-replace; boundary=frame' };
    return Promise.resolve(new Response(body, { status: this.status, headers }));
  };

  get open(): number {
    return this.streams.filter(({ signal }) => !signal.aborted).length;
  }
}

interface End<Incoming, Outgoing> extends Port<Incoming, Outgoing> {
  /** Messages are lost from now on, as those of a window that has been closed. */
  dead: boolean;
}

/** Two ends of a channel; messages arrive in a later turn, as they do. */
function channel(): [End<ToWindow, ToWorker>, End<ToWorker, ToWindow>] {
  const make = <I, O>(other: () => End<O, I>): End<I, O> => ({
    onmessage: null,
    dead: false,
    postMessage(data) {
      if (!this.dead) queueMicrotask(() => other().onmessage?.({ data } as MessageEvent<O>));
    },
  });
  const window: End<ToWindow, ToWorker> = make(() => worker);
  const worker: End<ToWorker, ToWindow> = make(() => window);
  return [window, worker];
}

class Window {
  readonly events: string[] = [];
  readonly stream: SharedStream;
  readonly port: End<ToWindow, ToWorker>;
  silenceExpected = false;

  constructor(share: StreamShare | undefined, server: FakeServer) {
    const [near, far] = channel();
    share?.connect(far);
    this.port = near;
    const options = {
      fetch: server.fetch,
      onPart: ({ body }: { body: Uint8Array }) => this.events.push(Buffer.from(body).toString()),
      onLink: ({ state }: { state: string }) => this.events.push(state),
      onSignedOut: () => this.events.push('signed out'),
      silenceExpected: () => this.silenceExpected,
    };
    this.stream = new SharedStream(options, { port: near, onerror: undefined });
  }
}

let server: FakeServer;
let share: StreamShare;
const open = () => new Window(share, server);
const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);
const send = async (text: string) => {
  server.streams.at(-1)!.send(text);
  await pass(0);
};

beforeEach(() => {
  jest.useFakeTimers();
  server = new FakeServer();
  share = new StreamShare(server.fetch);
});
afterEach(() => {
  jest.useRealTimers();
});

describe('windows that share a stream', () => {
  test('have one connection, and get every picture', async () => {
    const windows = [open(), open(), open()];
    for (const { stream } of windows) stream.resume();
    await pass(0);
    await send('a');
    await send('b');
    expect(server.streams).toHaveLength(1);
    for (const { events } of windows) expect(events.filter((event) => event.length === 1)).toEqual(['a', 'b']);
    expect(windows[0]!.events).toEqual(['connecting', 'connecting', 'open', 'a', 'b']);
  });

  test('one that comes later has the state and the latest picture at once', async () => {
    open().stream.resume();
    await pass(0);
    await send('a');
    const late = open();
    late.stream.resume();
    await pass(0);
    expect(late.events).toEqual(['connecting', 'open', 'a']);
  });

  test('the stream ends with the last that looks away, and begins anew with the next that looks', async () => {
    const [one, two] = [open(), open()];
    one.stream.resume();
    two.stream.resume();
    await pass(0);
    one.stream.pause();
    await pass(0);
    expect(server.open).toBe(1);
    two.stream.pause();
    await pass(0);
    expect(server.open).toBe(0);
    expect(two.events.at(-1)).toBe('paused');
    one.stream.resume();
    await pass(0);
    expect([server.open, server.streams.length]).toEqual([1, 2]);
    await send('c');
    expect(one.events.at(-1)).toBe('c');
    expect(two.events.at(-1)).toBe('paused');
  });

  test('one that closes without a word is missed after some seconds; one that lives never is', async () => {
    const [closed, alive] = [open(), open()];
    closed.stream.resume();
    alive.stream.resume();
    await pass(0);
    closed.port.dead = true;
    for (let k = 0; k < 10; k++) {
      await pass(3000);
      await send('x');
    }
    expect(server.open).toBe(1);
    alive.port.dead = true;
    await pass(14_000);
    expect(server.open).toBe(0);
  });

  test('one that is slow skips pictures, and holds none up', async () => {
    const [slow, quick] = [open(), open()];
    slow.stream.resume();
    quick.stream.resume();
    await pass(0);
    slow.port.dead = true;
    for (const text of ['a', 'b', 'c', 'd']) await send(text);
    slow.port.dead = false;
    slow.port.postMessage({ type: 'taken' });
    await pass(0);
    expect(slow.events.filter((event) => event.length === 1)).toEqual(['a', 'd']);
    expect(quick.events.filter((event) => event.length === 1)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('all are told of a logout', async () => {
    const windows = [open(), open()];
    for (const { stream } of windows) stream.resume();
    await pass(5000);
    server.status = 401;
    windows[0]!.stream.renew();
    await pass(3000);
    for (const { events } of windows) expect(events.slice(-2)).toEqual(['paused', 'signed out']);
    expect(server.open).toBe(0);
  });

  test('a connection that was just made is not made anew for each of them', async () => {
    const windows = [open(), open(), open()];
    for (const { stream } of windows) stream.resume();
    await pass(5000);
    for (const { stream } of windows) stream.renew();
    await pass(0);
    expect([server.streams.length, server.open]).toEqual([2, 1]);
  });
});

describe('a window whose worker does not run', () => {
  test('has a stream of its own, after a while or as soon as that is known', async () => {
    const silent = new Window(undefined, server);
    silent.stream.resume();
    await pass(2999);
    expect(server.streams).toHaveLength(0);
    await pass(1);
    await send('a');
    expect(silent.events.slice(-2)).toEqual(['open', 'a']);
    silent.stream.pause();
    expect(server.open).toBe(0);
  });

  test('has it from the beginning where the browser knows no such worker', async () => {
    const events: string[] = [];
    const stream = new SharedStream(
      {
        fetch: server.fetch,
        onPart: () => events.push('picture'),
        onLink: ({ state }) => events.push(state),
        onSignedOut: () => {},
        silenceExpected: () => false,
      },
      undefined,
    );
    stream.resume();
    await pass(0);
    await send('a');
    expect(events).toEqual(['connecting', 'open', 'picture']);
    stream.pause();
  });
});
