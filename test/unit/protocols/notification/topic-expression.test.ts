import { expect, test } from '@jest/globals';
import { CONCRETE, CONCRETE_SET, TNS1 } from '../../../../src/protocols/notification/names.ts';
import { topicExpression } from '../../../../src/protocols/notification/topic-expression.ts';

const PREFIXES = new Map([
  ['tns1', TNS1],
  ['t', TNS1],
  ['axis', 'http://www.axis.com/2009/event/topics'],
]);
const resolve = (prefix: string) => PREFIXES.get(prefix);
const TOPICS = ['A', 'A/B', 'A/B/C', 'A/BB', 'D'];
const meant = (text: string, dialect?: string) => TOPICS.filter(topicExpression(text, dialect, resolve));

test.each<[string, string | undefined, string[]]>([
  ['tns1:A/B', CONCRETE, ['A/B']],
  ['tns1:A/B', CONCRETE_SET, ['A/B']],
  ['tns1:A/B', undefined, ['A/B']],
  ['tns1:A/B', ' ', ['A/B']],
  ['t:A/t:B/tns1:C', undefined, ['A/B/C']],
  ['tns1:A/B//.', undefined, ['A/B', 'A/B/C']],
  ['tns1:A//.', undefined, ['A', 'A/B', 'A/B/C', 'A/BB']],
  ['//.', undefined, TOPICS],
  ['tns1:D | tns1:A/B', undefined, ['A/B', 'D']],
  ['tns1:A/axis:B', undefined, []],
  ['axis:A|tns1:D', undefined, ['D']],
  ['tns1:a/b', undefined, []],
])('%j in %j', (text, dialect, expected) => {
  expect(meant(text, dialect)).toEqual(expected);
});

test('the prefix that clients write by heart need not be declared, and may stand for something else', () => {
  const any = topicExpression('tns1:A', undefined, () => undefined);
  expect(TOPICS.filter(any)).toEqual(['A']);
  const other = topicExpression('tns1:A', undefined, () => 'urn:other');
  expect(TOPICS.filter(other)).toEqual([]);
});

test.each([
  ['', undefined, 'topic-syntax'],
  ['tns1:A|', undefined, 'topic-syntax'],
  ['tns1:A/', undefined, 'topic-syntax'],
  ['/tns1:A', undefined, 'topic-syntax'],
  ['tns1:A//B', undefined, 'topic-syntax'],
  ['tns1:A/*', undefined, 'topic-syntax'],
  [':A', undefined, 'topic-syntax'],
  ['tns1:', undefined, 'topic-syntax'],
  ['tns1:a:b', undefined, 'topic-syntax'],
  ['none:A', undefined, 'topic-syntax'],
  ['tns1:A//.', CONCRETE, 'topic-syntax'],
  ['tns1:A|tns1:D', CONCRETE, 'topic-syntax'],
  [`tns1:A${'|tns1:A'.repeat(3000)}`, undefined, 'topic-syntax'],
  ['tns1:A', 'http://docs.oasis-open.org/wsn/t-1/TopicExpression/Full', 'topic-dialect'],
])('%.40j in %j is refused', (text, dialect, problem) => {
  expect(() => meant(text, dialect)).toThrow(expect.objectContaining({ name: 'FilterError', problem }));
});
