import { beforeEach, describe, expect, test } from '@jest/globals';
import { eventService, MOTION, SOURCE, told } from '../../../support/onvif-events.ts';

let events: Awaited<ReturnType<typeof eventService>>;

beforeEach(async () => {
  events = await eventService();
  events.bus.set(MOTION, SOURCE, { State: false });
});

describe('a pull point', () => {
  test('has the address by which the client came, as an IP literal, with its own path', async () => {
    const { xml } = await events.ask('<tev:CreatePullPointSubscription/>');
    expect(xml).toMatch(/<wsa:Address[^>]*>http:\/\/192\.168\.1\.5:8080\/onvif\/subscription\/[0-9a-f]{18}<\/wsa:Address>/);
    expect(await events.pullPoint()).not.toBe(await events.pullPoint());
  });

  test('tells every state at first, then changes', async () => {
    const path = await events.pullPoint();
    expect(told(await events.pull(path))).toEqual(['MotionAlarm Initialized State=false']);
    events.bus.set(MOTION, SOURCE, { State: true });
    events.bus.set(MOTION, SOURCE, { State: false });
    events.bus.tell('Media/ProfileChanged', { Token: 'mjpeg' }, {});
    expect(told(await events.pull(path))).toEqual(['MotionAlarm Changed State=true', 'MotionAlarm Changed State=false', 'ProfileChanged']);
    expect(told(await events.pull(path))).toEqual([]);
  });

  test('tells at most as much as is asked, and the rest next time', async () => {
    const path = await events.pullPoint();
    events.bus.set(MOTION, SOURCE, { State: true });
    expect(told(await events.pull(path, 'PT1S', 1))).toEqual(['MotionAlarm Initialized State=false']);
    expect(told(await events.pull(path, 'PT1S', 1))).toEqual(['MotionAlarm Changed State=true']);
  });
});

describe('a pull', () => {
  const settled = async (promise: Promise<unknown>): Promise<boolean> => {
    let is = false;
    void promise.finally(() => {
      is = true;
    });
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    return is;
  };
  let path: string;

  beforeEach(async () => {
    path = await events.pullPoint('<tev:InitialTerminationTime>PT60S</tev:InitialTerminationTime>');
    await events.pull(path);
  });

  test('waits until something happens, and then answers at once with all that happened at once', async () => {
    const answer = events.pull(path, 'PT1M');
    expect(await settled(answer)).toBe(false);
    events.bus.set(MOTION, SOURCE, { State: true });
    events.bus.tell('Media/ProfileChanged', { Token: 'mjpeg' }, {});
    expect(told(await answer)).toEqual(['MotionAlarm Changed State=true', 'ProfileChanged']);
  });

  test('is refused where its request is long: it would be kept as long as the pull waits', async () => {
    const request = (filling: number) =>
      `<tev:PullMessages><tev:Timeout>PT0S</tev:Timeout><tev:MessageLimit>1</tev:MessageLimit><tev:Other>${'x'.repeat(filling)}</tev:Other></tev:PullMessages>`;
    expect((await events.ask(request(15_000), { url: path })).status).toBe(200);
    const { status, xml } = await events.ask(request(17_000), { url: path });
    expect([status, xml]).toEqual([400, expect.stringContaining('PullMessages may have 16384 characters.')]);
  });

  test('answers with nothing at its time, not before', async () => {
    const answer = events.pull(path, 'PT3M');
    await settled(answer);
    events.clock.advance(179_999);
    expect(await settled(answer)).toBe(false);
    events.clock.advance(1);
    const { status, xml } = await answer;
    expect(status).toBe(200);
    expect(xml).toContain('<tev:CurrentTime>2026-01-02T03:07:05Z</tev:CurrentTime>');
    // Who pulls is there: the subscription goes on for as long as the next pull may take.
    expect(xml).toContain('<tev:TerminationTime>2026-01-02T03:10:05Z</tev:TerminationTime>');
    expect(events.clock.pending).toBe(1);
  });

  test('keeps what happened for the next one when its client has gone', async () => {
    const gone = new AbortController();
    const answer = events.pull(path, 'PT1M', 10, gone.signal);
    await settled(answer);
    gone.abort();
    expect(told(await answer)).toEqual([]);
    events.bus.set(MOTION, SOURCE, { State: true });
    expect(told(await events.pull(path, 'PT1M'))).toEqual(['MotionAlarm Changed State=true']);
  });

  test('ends the one before, whose client forgot it', async () => {
    const first = events.pull(path, 'PT1M');
    await settled(first);
    const second = events.pull(path, 'PT1M');
    expect(told(await first)).toEqual([]);
    events.bus.set(MOTION, SOURCE, { State: true });
    expect(told(await second)).toEqual(['MotionAlarm Changed State=true']);
  });

  test('ends when its subscription does', async () => {
    const answer = events.pull(path, 'PT1M');
    await settled(answer);
    await events.ask('<wsnt:Unsubscribe/>', { url: path });
    expect(told(await answer)).toEqual([]);
    const { status, xml } = await events.pull(path);
    expect(status).toBe(500);
    expect(xml).toContain('ResourceUnknownFault');
    expect(events.clock.pending).toBe(0);
    expect(events.bus.isWanted(MOTION)).toBe(false);
  });

  test('says by WS-Addressing to what it answers, and a fault that it is one', async () => {
    const header = '<a:MessageID xmlns:a="http://www.w3.org/2005/08/addressing">urn:uuid:7</a:MessageID>';
    const pull = '<tev:PullMessages><tev:Timeout>PT0S</tev:Timeout><tev:MessageLimit>1</tev:MessageLimit></tev:PullMessages>';
    const { xml } = await events.ask(pull, { url: path, header });
    expect(xml).toContain('<wsa:Action>http://www.onvif.org/ver10/events/wsdl/PullPointSubscription/PullMessagesResponse</wsa:Action>');
    expect(xml).toContain('<wsa:RelatesTo>urn:uuid:7</wsa:RelatesTo>');
    const fault = await events.ask(pull, { url: '/onvif/subscription/none', header });
    expect(fault.xml).toContain('<wsa:Action>http://www.w3.org/2005/08/addressing/soap/fault</wsa:Action>');
    expect(fault.xml).toContain('<env:Value>env:Receiver</env:Value>');
  });

  test('finds its subscription by wsa:To where it goes to the service itself', async () => {
    const header = `<a:To xmlns:a="http://www.w3.org/2005/08/addressing">http://192.168.1.5:8080${path}</a:To>`;
    expect((await events.ask('<tev:SetSynchronizationPoint/>', { header })).status).toBe(200);
    expect(told(await events.pull(path))).toEqual(['MotionAlarm Initialized State=false']);
  });

  test.each([
    ['PT11M', 'PullMessagesFaultResponse'],
    ['soon', 'InvalidArgs'],
    ['-PT1S', 'InvalidArgs'],
    ['P', 'InvalidArgs'],
  ])('of %s is refused', async (timeout, fault) => {
    expect((await events.pull(path, timeout)).xml).toContain(fault);
  });

  test('with a limit that is too high gets fewer', async () => {
    expect((await events.pull(path, 'PT0S', 2_000_000)).status).toBe(200);
    expect((await events.pull(path, 'PT0S', 0)).xml).toContain('InvalidArgs');
  });
});

describe('a synchronisation point', () => {
  test('tells every state again, once, after what waits', async () => {
    const path = await events.pullPoint();
    await events.ask('<tev:SetSynchronizationPoint/>', { url: path });
    expect(told(await events.pull(path))).toEqual(['MotionAlarm Initialized State=false']);
    events.bus.set(MOTION, SOURCE, { State: true });
    await events.ask('<tev:SetSynchronizationPoint/>', { url: path });
    expect(told(await events.pull(path))).toEqual(['MotionAlarm Changed State=true', 'MotionAlarm Initialized State=true']);
  });

  test('wakes the pull that waits', async () => {
    const path = await events.pullPoint();
    await events.pull(path);
    const answer = events.pull(path, 'PT1M');
    await new Promise(setImmediate);
    await events.ask('<tev:SetSynchronizationPoint/>', { url: path });
    expect(told(await answer)).toEqual(['MotionAlarm Initialized State=false']);
  });
});

test('of too many events the oldest go, and the next answer begins with the states', async () => {
  const path = await events.pullPoint();
  for (let i = 0; i < 1000; i++) events.bus.set(MOTION, SOURCE, { State: i % 2 === 0 });
  const answers = told(await events.pull(path, 'PT0S', 256));
  expect(answers.length).toBeLessThanOrEqual(256);
  expect(answers[0]).toMatch(/^MotionAlarm Initialized/);
  expect(answers.at(-1)).toBe('MotionAlarm Changed State=false');
  expect(told(await events.pull(path))).toEqual([]);
});
