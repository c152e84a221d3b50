import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { ALL_TOPICS } from '../../../../src/device/event-topics.ts';
import { eventService, MOTION, SOURCE, told } from '../../../support/onvif-events.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

let events: Awaited<ReturnType<typeof eventService>>;

beforeEach(async () => {
  events = await eventService();
  events.bus.set(MOTION, SOURCE, { State: true });
});

type Kind = 'TopicExpression' | 'MessageContent';
const filter = (kind: Kind, ...expressions: string[]) =>
  `<tev:Filter>${expressions.map((each) => `<wsnt:${kind}>${each}</wsnt:${kind}>`).join('')}</tev:Filter>`;
const create = async (content: string) =>
  (await events.ask(`<tev:CreatePullPointSubscription>${content}</tev:CreatePullPointSubscription>`)).xml;

/** Names ever the same topic that there is not, and at its end every topic. @param length characters, an even number */
const topics = (length: number) => `aa|${'a|'.repeat((length - 6) / 2)}//.`;
const ITEM = 'boolean(//tt:SimpleItem[@Name="State"])';
const content = (length: number) => `${ITEM}${' '.repeat(length - 2 * ITEM.length - 4)} or ${ITEM}`;
const times = (count: number, expression: string) => Array.from({ length: count }, () => expression);

describe('the size of a filter', () => {
  test('every topic in an expression of its own fits, and so does the longest one', async () => {
    const own = filter('TopicExpression', ...ALL_TOPICS.map((topic) => `tns1:${topic}`));
    expect(told(await events.pull(await events.pullPoint(own)))).toEqual(['MotionAlarm Initialized State=true']);
    for (const longest of [filter('TopicExpression', topics(16_384)), filter('MessageContent', content(4096))])
      expect(told(await events.pull(await events.pullPoint(longest)))).toEqual(['MotionAlarm Initialized State=true']);
  });

  test.each<[string, Kind, string[], string]>([
    ['two that are too long together', 'TopicExpression', [topics(8192), topics(8194)], 'InvalidTopicExpressionFault'],
    ['fifteen of the longest', 'TopicExpression', times(15, topics(16_384)), 'InvalidTopicExpressionFault'],
    ['empty ones, which count', 'TopicExpression', ['//.', ...times(64, '')], 'InvalidTopicExpressionFault'],
    ['two that are too long together', 'MessageContent', [content(2048), content(2050)], 'InvalidMessageContentExpressionFault'],
    ['sixty of the longest', 'MessageContent', times(60, content(4096)), 'InvalidMessageContentExpressionFault'],
    ['empty ones, which count', 'MessageContent', [ITEM, ...times(64, '')], 'InvalidMessageContentExpressionFault'],
  ])('%s are refused (%s)', async (_, kind, expressions, fault) => {
    expect(await create(filter(kind, ...expressions))).toContain(fault);
    expect(await create(filter(kind, expressions[0]!))).toContain('SubscriptionReference');
  });
});

test('a subscription keeps nothing of its request but the comparisons of its content', async () => {
  const COUNT = 40;
  const topic = topics(16_384);
  // Longer than what V8 copies when it takes a part of a text.
  const item = 'boolean(//tt:SimpleItem[not(@Name="a name that is not there")])';
  const once = (k: number) =>
    events.pullPoint(
      `<tev:Filter><wsnt:TopicExpression>${topic}</wsnt:TopicExpression><wsnt:MessageContent>${item}</wsnt:MessageContent></tev:Filter>` +
        `<tev:InitialTerminationTime>PT24H</tev:InitialTerminationTime><tev:Other>${String(k).repeat(100_000)}</tev:Other>`,
    );
  const used = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  // What is compiled and remembered by the way.
  for (let k = 0; k < 10; k++) await once(k);
  const before = used();
  for (let k = 0; k < COUNT; k++) await once(k % 10);
  expect((used() - before) / COUNT).toBeLessThan(40_000);
});
