import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { systemClock } from '../../src/core/clock.ts';
import { silentLogger } from '../../src/core/log.ts';
import { EventBus } from '../../src/device/events.ts';
import { eventService, told } from '../support/onvif-events.ts';
import { eventually } from '../support/server.ts';

/** Seconds; by hand it runs for minutes: EVENTS_LOAD_SECONDS=300. */
const SECONDS = Number(process.env.EVENTS_LOAD_SECONDS ?? 4);
const EVERY_MS = 50;
const PULL_POINTS = 100;
const SUBSCRIBERS = 20;

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

test(
  'half of a hundred pull points and of twenty subscribers are dead: the living lose nothing, and nothing grows',
  async () => {
    const bus = new EventBus({ clock: systemClock, log: silentLogger });
    const events = await eventService({ feed: bus, clock: systemClock, mayBeConsumer: () => true });
    const got = new Map<string, string[]>();
    const note = (who: string, xml: string) => {
      const tokens = [...xml.matchAll(/Name="Token" Value="(\d+)"/g)].map((match) => match[1]!);
      expect(told({ xml })).toHaveLength(tokens.length);
      got.set(who, [...(got.get(who) ?? []), ...tokens]);
    };
    server = createServer((req, res) => {
      let text = '';
      req.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      req.on('end', () => {
        note(`subscriber ${req.url}`, text);
        res.end();
      });
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server!.once('listening', resolve));
    const { port } = server.address() as AddressInfo;

    bus.offer('Media/ProfileChanged');
    const filter = '<wsnt:TopicExpression>tns1:Media//.</wsnt:TopicExpression>';
    const done = new AbortController();
    const living: Promise<void>[] = [];
    for (let i = 0; i < PULL_POINTS; i++) {
      const path = await events.pullPoint(`<tev:Filter>${filter}</tev:Filter>`, { remoteAddress: `10.0.0.${i % 10}` });
      if (i % 2 === 0) continue;
      living.push(
        (async () => {
          while (!done.signal.aborted) note(`pull point ${i}`, (await events.pull(path, 'PT1M', 100, AbortSignal.any([done.signal]))).xml);
          note(`pull point ${i}`, (await events.pull(path)).xml);
        })(),
      );
    }
    for (let i = 0; i < SUBSCRIBERS; i++) {
      const address = `http://127.0.0.1:${i % 2 === 0 ? 1 : port}/${i}`;
      const reference = `<wsnt:ConsumerReference><wsa:Address>${address}</wsa:Address></wsnt:ConsumerReference><wsnt:Filter>${filter}</wsnt:Filter>`;
      const { status } = await events.ask(`<wsnt:Subscribe>${reference}</wsnt:Subscribe>`, { remoteAddress: `10.0.0.${i % 10}` });
      expect(status).toBe(200);
    }

    let count = 0;
    const heap: number[] = [];
    for (const until = performance.now() + SECONDS * 1000; performance.now() < until; ) {
      bus.tell('Media/ProfileChanged', { Token: String(count++) }, {});
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
      if (count % 200 === 0) heap.push(process.memoryUsage().heapUsed);
      // What was got is kept by the test alone.
      if (count % 1000 === 0) for (const list of got.values()) expect(Number(list.at(-1))).toBeGreaterThan(count - 100);
    }
    const last = String(count - 1);
    await eventually(() => [...got.values()].every((tokens) => tokens.at(-1) === last), 'every living one has the last event', 30);
    done.abort();
    await Promise.all(living);
    events.endpoint.stop();
    if (SECONDS > 60) process.stderr.write(`${count} events, heap MB: ${heap.map((bytes) => Math.round(bytes / 1e6)).join(' ')}\n`);

    const all = Array.from({ length: count }, (_, number) => String(number));
    expect(got.size).toBe(PULL_POINTS / 2 + SUBSCRIBERS / 2);
    for (const [who, tokens] of got) expect([who, tokens.join()]).toEqual([who, all.join()]);
  },
  (SECONDS + 60) * 1000,
);
