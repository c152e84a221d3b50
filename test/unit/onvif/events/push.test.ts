import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../../src/core/clock.ts';
import { silentLogger } from '../../../../src/core/log.ts';
import { EventBus } from '../../../../src/device/events.ts';
import { consumerUrl, delivery, mayBeConsumer, mayBeSentTo, UnansweredError } from '../../../../src/onvif/events/consumer.ts';
import { PushSubscription } from '../../../../src/onvif/events/push-subscription.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { eventService, MOTION, SOURCE, told } from '../../../support/onvif-events.ts';

const subscribe = (address: string, more = '') =>
  `<wsnt:Subscribe><wsnt:ConsumerReference><wsa:Address>${address}</wsa:Address></wsnt:ConsumerReference>${more}</wsnt:Subscribe>`;

/** Takes what is sent to it, with the statuses of a list. */
class Consumer {
  readonly requests: { readonly text: string; readonly type: string | undefined; readonly url: string | undefined }[] = [];
  readonly server: Server;
  #waiting: (() => void)[] = [];

  constructor(statuses: number[] = []) {
    this.server = createServer((req, res) => {
      let text = '';
      req.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      req.on('end', () => {
        this.requests.push({ text, type: req.headers['content-type'], url: req.url });
        res.writeHead(statuses.shift() ?? 200, { Location: '/elsewhere' }).end();
        for (const wake of this.#waiting.splice(0)) wake();
      });
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook?id=1&amp;x=2`;
  }

  async took(count: number): Promise<void> {
    while (this.requests.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

let consumer: Consumer;
let bus: EventBus;
let events: Awaited<ReturnType<typeof eventService>>;

const begin = async (statuses: number[] = []) => {
  consumer = new Consumer(statuses);
  bus = new EventBus({ clock: systemClock, log: silentLogger });
  bus.set(MOTION, SOURCE, { State: false });
  events = await eventService({ feed: bus, clock: systemClock, mayBeConsumer: () => true });
  return consumer.start();
};

afterEach(async () => {
  events?.endpoint.stop();
  consumer?.server.closeAllConnections();
  await new Promise((resolve) => consumer?.server.close(resolve));
});

describe('base notification', () => {
  test('tells the states at once, then what happens, each with WS-Addressing', async () => {
    const { xml, status } = await events_(await begin());
    expect(status).toBe(200);
    expect(xml).toMatch(/<wsnt:SubscriptionReference><wsa:Address[^>]*>http:\/\/192\.168\.1\.5:8080\/onvif\/subscription\/[0-9a-f]+</);
    expect(xml).toMatch(/<wsnt:TerminationTime>[^<]*Z</);
    await consumer.took(1);
    bus.set(MOTION, SOURCE, { State: true });
    await consumer.took(2);
    expect(consumer.requests.flatMap(({ text }) => told({ xml: text }))).toEqual([
      'MotionAlarm Initialized State=false',
      'MotionAlarm Changed State=true',
    ]);
    expect(consumer.requests[0]).toMatchObject({ url: '/hook?id=1&x=2', type: expect.stringContaining('application/soap+xml') });
    expect(consumer.requests[0]?.text).toContain(
      '<wsa:Action>http://docs.oasis-open.org/wsn/bw-2/NotificationConsumer/Notify</wsa:Action>',
    );
    expect(consumer.requests[0]?.text).toMatch(/<wsa:To>http:[^<]*hook\?id=1&amp;x=2<\/wsa:To>/);
  });

  test('has one event in each message, also where several wait: ZoneMinder reads no more', async () => {
    const address = await begin();
    bus.set('VideoSource/SignalLoss', SOURCE, { State: false });
    await events_(address);
    await consumer.took(2);
    expect(consumer.requests.map(({ text }) => told({ xml: text }))).toEqual([
      ['MotionAlarm Initialized State=false'],
      ['SignalLoss Initialized State=false'],
    ]);
  });

  test('tries again what was not taken, follows no redirect, and keeps the order', async () => {
    await events_(await begin([500, 302]));
    await consumer.took(1);
    bus.set(MOTION, SOURCE, { State: true });
    await consumer.took(4);
    expect(consumer.requests.map(({ text }) => told({ xml: text }).join())).toEqual([
      'MotionAlarm Initialized State=false',
      'MotionAlarm Initialized State=false',
      'MotionAlarm Initialized State=false',
      'MotionAlarm Changed State=true',
    ]);
    expect(consumer.requests.every(({ url }) => url?.startsWith('/hook'))).toBe(true);
  }, 15_000);

  test('ends by Unsubscribe, can be renewed and synchronised, and not pulled', async () => {
    const path = new URL(/<wsa:Address[^>]*>([^<]*)/.exec((await events_(await begin())).xml)![1]!).pathname;
    await consumer.took(1);
    const at = { url: path };
    expect((await events.ask('<wsnt:Renew><wsnt:TerminationTime>PT1M</wsnt:TerminationTime></wsnt:Renew>', at)).status).toBe(200);
    await events.ask('<tev:SetSynchronizationPoint/>', at);
    await consumer.took(2);
    expect((await events.pull(path)).status).toBe(500);
    expect((await events.ask('<wsnt:Unsubscribe/>', at)).status).toBe(200);
    expect(bus.isWanted(MOTION)).toBe(false);
  });

  const events_ = (address: string) => events.ask(subscribe(address));
});

describe('a consumer', () => {
  beforeEach(async () => {
    await begin();
  });

  test('that takes nothing is given up after a while, and the owner told once', async () => {
    const lines: string[] = [];
    const fake = await eventService({ mayBeConsumer: () => true, log: { ...silentLogger, warn: (line) => lines.push(line) } });
    fake.bus.set(MOTION, SOURCE, { State: false });
    // Nobody listens there.
    await fake.ask(subscribe('http://127.0.0.1:1/secret', '<wsnt:InitialTerminationTime>PT1H</wsnt:InitialTerminationTime>'));
    for (let i = 0; i < 400 && lines.length === 0; i++) {
      fake.clock.advance(1000);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('127.0.0.1:1 takes no events');
    expect(lines[0]).not.toContain('secret');
    expect(fake.bus.isWanted(MOTION)).toBe(false);
    expect(fake.clock.pending).toBe(0);
  });

  test.each([
    'http://127.0.0.1/x',
    'http://127.1:8080/',
    'http://2130706433/',
    'http://[::1]/',
    'http://[::]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://0.0.0.0/',
    'http://localhost:8123/',
    'http://user:pass@LocalHost./',
    'http://camera.localhost/',
    'http://239.1.2.3/',
    'http://255.255.255.255/',
    'http://[ff02::1]/',
    'ftp://192.168.1.9/',
    'file:///etc/passwd',
    'nonsense',
    '',
    `http://192.168.1.9/${'x'.repeat(2000)}`,
  ])('at %j is refused', async (address) => {
    expect(consumerUrl(address, mayBeConsumer)).toBeUndefined();
  });

  test('elsewhere in the network is taken; one on this machine is not', () => {
    expect(consumerUrl('http://192.0.2.77:8123/api/webhook/1', mayBeConsumer)?.port).toBe('8123');
    expect(consumerUrl('https://[2001:db8::7]/x', mayBeConsumer)).toBeDefined();
    expect(consumerUrl('http://localhost.example/', mayBeConsumer)).toBeDefined();
    expect(mayBeConsumer('192.0.2.77')).toBe(true);
  });

  test.each(['192.0.2.2', '::ffff:192.0.2.2', '::ffff:c000:202', 'fd00::2', 'FD00:0:0::2', 'fe80::1', 'fe80::1%eth0'])(
    'is not at %s, which is this machine',
    (address) => {
      const one = (own: string) => ({ address: own }) as NetworkInterfaceInfo;
      const interfaces = { eth0: ['192.0.2.2', 'fd00::2', 'fe80::1%2'].map(one) };
      expect(mayBeSentTo(address, interfaces)).toBe(false);
      expect(mayBeSentTo('192.0.2.3', interfaces)).toBe(true);
      expect(mayBeSentTo('::ffff:c000:203', interfaces)).toBe(true);
    },
  );

  test('whose name stands for a forbidden address gets nothing', async () => {
    const { port } = consumer.server.address() as AddressInfo;
    const { signal } = new AbortController();
    const send = delivery(
      mayBeConsumer,
      systemClock,
    )({ url: new URL(`http://localhost:${port}/`), contentType: 'text/xml', body: '', signal });
    await expect(send).rejects.toThrow('nothing is sent to localhost');
    expect(consumer.requests).toHaveLength(0);
  });

  test('that has a message and does not answer is not sent it again', async () => {
    const silent = createServer();
    const { port } = await new Promise<AddressInfo>((resolve) =>
      silent.listen(0, '127.0.0.1', () => resolve(silent.address() as AddressInfo)),
    );
    const clock = new FakeClock();
    const { signal } = new AbortController();
    const asked = once(silent, 'request');
    const sent = delivery(() => true, clock)({ url: new URL(`http://127.0.0.1:${port}/`), contentType: 'text/xml', body: '<a/>', signal });
    await asked;
    clock.advance(4999);
    expect(clock.pending).toBe(1);
    clock.advance(1);
    await expect(sent).rejects.toThrow(UnansweredError);
    silent.close();
  });

  test('that answers too late goes on to be told, each thing once; one that never answers is given up', async () => {
    const clock = new FakeClock();
    const feed = new EventBus({ clock, log: silentLogger });
    const sent: string[] = [];
    const warnings: string[] = [];
    let answer: () => void = () => {
      throw new UnansweredError('no answer');
    };
    const push = new PushSubscription({
      ...{ id: 'x', owner: '192.0.2.9', user: undefined, feed, clock, onEnd: () => {}, consumer: new URL('http://192.0.2.9/') },
      filter: { topic: () => true, event: () => true },
      write: ({ source }) => String(source.Token),
      deliver: async ({ body }) => {
        sent.push(body);
        answer();
      },
      log: { ...silentLogger, warn: (line) => warnings.push(line) },
    });
    let count = 0;
    const happens = async () => {
      feed.tell('Media/ProfileChanged', { Token: String(++count) }, {});
      clock.advance(30_000);
      for (let i = 0; i < 5; i++) await Promise.resolve();
    };
    for (let i = 0; i < 11; i++) await happens();
    const late = answer;
    answer = () => {};
    await happens();
    answer = late;
    for (let i = 0; i < 12; i++) {
      expect(push.subscription.ended).toBe(false);
      await happens();
    }
    expect(sent).toEqual(Array.from({ length: 24 }, (_, at) => String(at + 1)));
    expect([push.subscription.ended, warnings.length, clock.pending]).toEqual([true, 1, 0]);
  });

  test('is refused with a fault that says what to do', async () => {
    const strict = await eventService();
    expect((await strict.ask(subscribe('http://127.0.0.1:8123/'))).xml).toMatch(/SubscribeCreationFailedFault/);
  });
});
