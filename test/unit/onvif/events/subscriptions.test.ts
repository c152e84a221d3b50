import { beforeEach, describe, expect, test } from '@jest/globals';
import { UserStore } from '../../../../src/auth/users.ts';
import { CONTEXT } from '../../../support/onvif-context.ts';
import { eventService, MOTION, SOURCE, told } from '../../../support/onvif-events.ts';

let events: Awaited<ReturnType<typeof eventService>>;

beforeEach(async () => {
  events = await eventService();
  events.bus.set(MOTION, SOURCE, { State: false });
  events.bus.set('VideoSource/SignalLoss', SOURCE, { State: false });
});

const create = (content: string) => events.ask(`<tev:CreatePullPointSubscription>${content}</tev:CreatePullPointSubscription>`);
const times = (xml: string) => [/CurrentTime>([^<]*)/.exec(xml)?.[1], /TerminationTime>([^<]*)/.exec(xml)?.[1]];

describe('time', () => {
  test.each([
    ['PT600S', '2026-01-02T03:14:05Z'],
    ['PT1H', '2026-01-02T04:04:05Z'],
    ['P1D', '2026-01-03T03:04:05Z'],
    ['P7D', '2026-01-03T03:04:05Z'],
    ['PT0.5S', '2026-01-02T03:04:05.500Z'],
    ['2026-01-02T03:20:00Z', '2026-01-02T03:20:00Z'],
    ['2026-01-02T04:20:00.5+01:00', '2026-01-02T03:20:00.500Z'],
    ['2026-01-02T03:20:00', '2026-01-02T03:20:00Z'],
    ['', '2026-01-02T03:14:05Z'],
  ])('%s is granted until %s', async (asked, end) => {
    expect(times((await create(`<tev:InitialTerminationTime>${asked}</tev:InitialTerminationTime>`)).xml)).toEqual([
      '2026-01-02T03:04:05Z',
      end,
    ]);
  });

  test.each([
    ['PT0S', 'UnacceptableInitialTerminationTimeFault'],
    ['-PT1M', 'UnacceptableInitialTerminationTimeFault'],
    ['2020-01-01T00:00:00Z', 'UnacceptableInitialTerminationTimeFault'],
    ['tomorrow', 'InvalidArgs'],
    ['2026-13-01T00:00:00Z', 'InvalidArgs'],
  ])('%s is refused', async (asked, fault) => {
    expect((await create(`<tev:InitialTerminationTime>${asked}</tev:InitialTerminationTime>`)).xml).toContain(fault);
  });

  test('is over when it is over, whatever the wall clock does meanwhile', async () => {
    const path = await events.pullPoint('<tev:InitialTerminationTime>PT60S</tev:InitialTerminationTime>');
    events.clock.setWallForward(1e11);
    events.clock.advance(59_000);
    expect((await events.pull(path)).status).toBe(200);
    events.clock.advance(1000);
    expect((await events.pull(path)).xml).toContain('ResourceUnknownFault');
    expect(events.clock.pending).toBe(0);
    expect(events.bus.isWanted(MOTION)).toBe(false);
  });

  test('is renewed, for longer and for shorter, and the answer has both times', async () => {
    const path = await events.pullPoint('<tev:InitialTerminationTime>PT60S</tev:InitialTerminationTime>');
    const renew = (time: string) =>
      events.ask(`<wsnt:Renew><wsnt:TerminationTime>${time}</wsnt:TerminationTime></wsnt:Renew>`, { url: path });
    expect(times((await renew('PT2M')).xml)).toEqual(['2026-01-02T03:04:05Z', '2026-01-02T03:06:05Z']);
    events.clock.advance(90_000);
    expect(times((await renew('2026-01-02T03:06:00Z')).xml)).toEqual(['2026-01-02T03:05:35Z', '2026-01-02T03:06:00Z']);
    expect((await renew('2020-01-01T00:00:00Z')).xml).toContain('UnacceptableTerminationTimeFault');
    events.clock.advance(25_000);
    expect((await renew('PT2M')).xml).toContain('ResourceUnknownFault');
  });
});

const topics = (expression: string, dialect?: string) =>
  `<tev:Filter><wsnt:TopicExpression${dialect === undefined ? '' : ` Dialect="${dialect}"`}>${expression}</wsnt:TopicExpression></tev:Filter>`;
const content = (expression: string) =>
  `<tev:Filter><wsnt:MessageContent Dialect="http://www.onvif.org/ver10/tev/messageContentFilter/ItemFilter">${expression}</wsnt:MessageContent></tev:Filter>`;
const CONCRETE = 'http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete';
const SET = 'http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet';
const BOTH = ['MotionAlarm Initialized State=false', 'SignalLoss Initialized State=false'];

describe('a filter by topic', () => {
  test.each<[string, string | undefined, string[]]>([
    ['tns1:VideoSource/MotionAlarm', CONCRETE, BOTH.slice(0, 1)],
    ['tns1:VideoSource/MotionAlarm', undefined, BOTH.slice(0, 1)],
    ['tns1:VideoSource/tns1:MotionAlarm', SET, BOTH.slice(0, 1)],
    ['tns1:VideoSource//.', SET, BOTH],
    ['tns1:VideoSource/MotionAlarm|tns1:VideoSource/SignalLoss', SET, BOTH],
    ['\n tns1:RuleEngine//. | tns1:VideoSource/SignalLoss//. ', SET, BOTH.slice(1)],
    ['//.', SET, BOTH],
    ['VideoSource/SignalLoss', SET, BOTH.slice(1)],
    ['tns1:Media//.', SET, []],
  ])('%j in %s', async (expression, dialect, expected) => {
    expect(told(await events.pull(await events.pullPoint(topics(expression, dialect))))).toEqual(expected);
  });

  test('with another prefix for the same namespace, and with several expressions', async () => {
    const other =
      '<tev:Filter xmlns:x="http://www.onvif.org/ver10/topics"><wsnt:TopicExpression>x:VideoSource/MotionAlarm</wsnt:TopicExpression>';
    const path = await events.pullPoint(`${other}<wsnt:TopicExpression>x:VideoSource/SignalLoss</wsnt:TopicExpression></tev:Filter>`);
    expect(told(await events.pull(path))).toEqual(BOTH);
  });

  test.each([
    ['tns1:VideoSource', SET, 'TopicNotSupportedFault'],
    ['tns1:Nothing/Here', SET, 'TopicNotSupportedFault'],
    ['tns1:VideoSource//.', CONCRETE, 'InvalidTopicExpressionFault'],
    ['tns1:VideoSource/*', SET, 'InvalidTopicExpressionFault'],
    ['tns1:VideoSource/MotionAlarm|', SET, 'InvalidTopicExpressionFault'],
    ['a:VideoSource/MotionAlarm', SET, 'InvalidTopicExpressionFault'],
    ['tt:VideoSource/MotionAlarm', SET, 'TopicNotSupportedFault'],
    ['tns1:VideoSource/MotionAlarm', 'http://docs.oasis-open.org/wsn/t-1/TopicExpression/Full', 'TopicExpressionDialectUnknownFault'],
  ])('%j in %s is refused', async (expression, dialect, fault) => {
    const { status, xml } = await create(topics(expression, dialect));
    expect(status).toBe(500);
    expect(xml).toContain(fault);
  });
});

describe('a filter by content', () => {
  test.each<[string, string[]]>([
    ['boolean(//tt:SimpleItem[@Name="State" and @Value="true"])', ['MotionAlarm Changed State=true', 'SignalLoss Changed State=true']],
    [
      "boolean(//tt:SimpleItem[@Name='Source'])",
      [...BOTH, 'MotionAlarm Changed State=true', 'SignalLoss Changed State=true', 'MotionAlarm Changed State=false'],
    ],
    ['boolean(//tt:Data/tt:SimpleItem[@Name="Source"])', []],
    ['boolean(//tt:Source/tt:SimpleItem[@Name="Source" and @Value="other"])', []],
    ['not(boolean(//tt:SimpleItem[@Value="false"]))', ['MotionAlarm Changed State=true', 'SignalLoss Changed State=true']],
    [
      'boolean(//tt:ElementItem) or (boolean(//SimpleItem[not(@Name="Source") and (@Value="true" or @Value="1")]) and boolean(//tt:Data/tt:SimpleItem))',
      ['MotionAlarm Changed State=true', 'SignalLoss Changed State=true'],
    ],
  ])('%s', async (expression, expected) => {
    const path = await events.pullPoint(content(expression));
    events.bus.set(MOTION, SOURCE, { State: true });
    events.bus.set('VideoSource/SignalLoss', SOURCE, { State: true });
    events.bus.set(MOTION, SOURCE, { State: false });
    expect(told(await events.pull(path))).toEqual(expected);
  });

  test.each([
    'boolean(',
    'boolean(//tt:SimpleItem[@Name=State])',
    'boolean(//tt:SimpleItem[@Type="x"])',
    'count(//tt:SimpleItem)',
    'boolean(//tt:SimpleItem) boolean(//tt:SimpleItem)',
    'boolean(//tt:Message)',
    `${'('.repeat(1000)}`,
    'boolean(//tt:SimpleItem[@Name="x"]) §',
  ])('%s is refused', async (expression) => {
    expect((await create(content(expression))).xml).toContain('InvalidMessageContentExpressionFault');
  });

  test('in another language is refused', async () => {
    const xpath = content('true()').replace(/Dialect="[^"]*"/, 'Dialect="http://www.w3.org/TR/1999/REC-xpath-19991116"');
    expect((await create(xpath)).xml).toContain('InvalidMessageContentExpressionFault');
  });
});

test('subscriptions end with their user, and with his password, and no others do', async () => {
  const [admin, eve, max] = ['admin', 'eve', 'max'].map((name) => ({ name, password: 'long enough', level: 'Administrator' as const }));
  const users = new UserStore([admin!, eve!, max!]);
  const { service, bus, clock } = await eventService({ users, mayBeConsumer: () => true });
  const topics = ['VideoSource/MotionAlarm', 'VideoSource/SignalLoss', 'Media/ProfileChanged'] as const;
  const wanted = () => topics.map((topic) => bus.isWanted(topic));
  for (const [at, user] of [eve, max, undefined].entries()) {
    const filter = { Filter: { TopicExpression: `tns1:${topics[at]}` }, ConsumerReference: { Address: 'http://192.0.2.9/' } };
    for (const name of ['CreatePullPointSubscription', 'Subscribe'])
      await service.operations.find((operation) => operation.name === name)!.handle(filter, { ...CONTEXT, user });
  }
  expect(wanted()).toEqual([true, true, true]);
  users.replace([admin!, { ...eve!, level: 'User' }, max!]);
  expect(wanted()).toEqual([true, true, true]);
  users.replace([admin!, { ...eve!, password: 'another one' }, max!]);
  expect(wanted()).toEqual([false, true, true]);
  users.replace([admin!]);
  expect(wanted()).toEqual([false, false, true]);
  service.stop?.();
  expect([...wanted(), clock.pending]).toEqual([false, false, false, 0]);
});

describe('bounds', () => {
  test('an address has its share; an abandoned pull point makes room, one that is asked for does not', async () => {
    const paths: string[] = [];
    for (let i = 0; i < 64; i++) paths.push(await events.pullPoint('<tev:InitialTerminationTime>PT1H</tev:InitialTerminationTime>'));
    expect((await create('')).xml).toContain('UnableToCreatePullPointFault');
    const other = await events.pullPoint('', { remoteAddress: '192.168.1.78' });
    events.clock.advance(80_000);
    for (const path of paths.slice(1)) await events.pull(path);
    events.clock.advance(20_000);
    await events.pullPoint();
    expect((await events.pull(paths[0]!)).xml).toContain('ResourceUnknownFault');
    for (const path of [...paths.slice(1), other]) expect((await events.pull(path)).status).toBe(200);
  });

  test('who has few gets one where others have taken all: that of the client that has most, an abandoned one first', async () => {
    const from = (remoteAddress: string) =>
      events.pullPoint('<tev:InitialTerminationTime>PT24H</tev:InitialTerminationTime>', { remoteAddress });
    const [greedy, other] = [[] as string[], [] as string[]];
    for (let i = 0; i < 64; i++) greedy.push(await from('192.168.1.66'));
    // Addresses of one machine by IPv6 are one client.
    for (let i = 0; i < 64; i++) other.push(await from(`fd00::${i}`));
    expect((await events.ask('<tev:CreatePullPointSubscription/>', { remoteAddress: 'fd00::ffff' })).xml).toContain(
      'UnableToCreatePullPointFault',
    );
    const recorder = await from('192.168.1.77');
    expect((await events.pull(recorder)).status).toBe(200);
    expect((await events.pull(greedy[0]!)).xml).toContain('ResourceUnknownFault');
    events.clock.advance(80_000);
    for (const path of [...greedy.slice(1), recorder]) await events.pull(path);
    events.clock.advance(20_000);
    const second = await from('192.168.1.78');
    expect((await events.pull(other[0]!)).xml).toContain('ResourceUnknownFault');
    for (const path of [...greedy.slice(1), ...other.slice(1), recorder, second]) expect((await events.pull(path)).status).toBe(200);
  });

  test('of those that send, too', async () => {
    const subscribe = (remoteAddress: string) =>
      events.ask(
        '<wsnt:Subscribe><wsnt:ConsumerReference><wsa:Address>http://192.168.1.80:9/</wsa:Address></wsnt:ConsumerReference></wsnt:Subscribe>',
        { remoteAddress },
      );
    for (const host of [66, 67]) for (let i = 0; i < 16; i++) expect((await subscribe(`192.168.1.${host}`)).status).toBe(200);
    expect((await subscribe('192.168.1.66')).xml).toContain('SubscribeCreationFailedFault');
    expect((await subscribe('192.168.1.77')).status).toBe(200);
  });

  test('there is an end to all of them together, and nothing is left when they have ended', async () => {
    let made = 0;
    const from = async (host: number) =>
      (await events.ask('<tev:CreatePullPointSubscription/>', { remoteAddress: `10.0.0.${host}` })).status;
    for (let host = 0; host < 200; host++) if ((await from(host)) === 200) made++;
    expect(made).toBe(128);
    events.clock.advance(600_000);
    expect(events.clock.pending).toBe(0);
    expect(await from(1)).toBe(200);
    events.endpoint.stop();
    expect(events.clock.pending).toBe(0);
  });
});
