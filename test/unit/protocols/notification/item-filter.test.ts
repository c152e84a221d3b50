import { expect, test } from '@jest/globals';
import { type Content, itemFilter } from '../../../../src/protocols/notification/item-filter.ts';

const CONTENT: Content = { source: [['Source', 'video_source']], data: [['State', 'true']] };
const passes = (text: string) => itemFilter(text, undefined)(CONTENT);
const TRUE = 'boolean(//tt:SimpleItem)';
const FALSE = 'boolean(//tt:ElementItem)';

test.each<[string, boolean]>([
  [TRUE, true],
  [FALSE, false],
  ['boolean(//tt:SimpleItem[@Name="State"])', true],
  ["boolean(//tt:SimpleItem[@Name='State' and @Value='true'])", true],
  // Both of one item.
  ['boolean(//tt:SimpleItem[@Name="State" and @Value="video_source"])', false],
  ['boolean(//tt:SimpleItem[@Name="State"]) and boolean(//tt:SimpleItem[@Value="video_source"])', true],
  ['boolean(//tt:Data/tt:SimpleItem[@Name="Source"])', false],
  ['boolean(//tt:Source/tt:SimpleItem[@Name="Source"])', true],
  ['boolean(//tt:Source/tt:SimpleItem[@Name="State"])', false],
  ['boolean(//tt:Message/tt:Data/tt:SimpleItem[@Name="State"])', true],
  ['boolean(//tt:Key/tt:SimpleItem)', false],
  ['boolean( // tt:SimpleItem [ @Name = "State" ] )', true],
  ['boolean(//SimpleItem[not(@Name="State")])', true],
  ['boolean(//SimpleItem[not(@Name="State") and @Value="true"])', false],
  ['boolean(//tt:SimpleItem[@Name="State" and (@Value="1" or @Value="true")])', true],
  [`not(${FALSE})`, true],
  [`not(${TRUE})`, false],
  // "and" binds closer, on either side.
  [`${TRUE} or ${FALSE} and ${FALSE}`, true],
  [`${FALSE} and ${FALSE} or ${TRUE}`, true],
  [`(${TRUE} or ${FALSE}) and ${FALSE}`, false],
  [`not(${TRUE} and ${FALSE})`, true],
])('%s: %j', (text, expected) => {
  expect(passes(text)).toBe(expected);
});

test.each([
  '',
  'true()',
  'boolean(tt:SimpleItem)',
  'boolean(//tt:SimpleItem[])',
  'boolean(//tt:SimpleItem[@Name])',
  'boolean(//tt:SimpleItem[@Name="State"]',
  'boolean(//tt:SimpleItem[@Name="State)])',
  'boolean(//tt:Data)',
  'boolean(//tt:Data//)',
  `${TRUE} and`,
  `${TRUE} xor ${TRUE}`,
  `${TRUE})`,
  `not ${TRUE}`,
  `${'('.repeat(17)}${TRUE}${')'.repeat(17)}`,
  `${TRUE}${` or ${TRUE}`.repeat(1000)}`,
])('%.60s is refused', (text) => {
  expect(() => passes(text)).toThrow(expect.objectContaining({ name: 'FilterError', problem: 'content' }));
});
