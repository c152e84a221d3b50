import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { envelope, fixture, security, startEndpoint, tds, trt } from '../support/onvif-endpoint.ts';

const RUNS = 10_000;

const requests = [
  ...readdirSync(join(import.meta.dirname, '../fixtures/soap')).map((name) => fixture(name.replace('.xml', ''))),
  envelope(tds('GetSystemDateAndTime')),
  envelope(tds('GetDeviceInformation')),
  envelope(tds('GetHostname'), security()),
  envelope(tds('CreateUsers', '<User token="a"><tt:Username>a</tt:Username><tt:Password> b </tt:Password></User><User/>'), security()),
  envelope(trt('GetStreamUri', '<StreamSetup><tt:Stream>RTP-Unicast</tt:Stream></StreamSetup><ProfileToken>a</ProfileToken>'), security()),
];

/** What makes parsers stumble. */
const SNIPPETS = [
  '<',
  '>',
  '</',
  '/>',
  '&',
  '&amp;',
  '&#0;',
  '&#x10ffff;',
  '&lol;',
  '"',
  "'",
  ' xmlns=""',
  ' xmlns:x="y"',
  ' id="__proto__"',
  ' href="#x"',
  ' constructor="1"',
  '<__proto__>',
  '<toString/>',
  '<attributes>x</attributes>',
  '<$value>',
  '<a:b/>',
  '<![CDATA[',
  ']]>',
  '<!--',
  '-->',
  '<!DOCTYPE x>',
  '<?xml version="1.0"?>',
  '\u0000',
  '\ufeff',
  '\ufffd',
  '\ud800',
  '😀',
  '<s:Body>',
  '</s:Envelope>',
  '<Fault/>',
  ' xsi:nil="true"',
  'xsi:type="tt:User"',
  '[]',
  '{}',
  '1e999',
  '-1',
  '<a>'.repeat(50),
];

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.oneof(fc.constant(0), fc.nat(12), fc.nat(400)),
  insert: fc.oneof(fc.constant(''), fc.constantFrom(...SNIPPETS), fc.string({ maxLength: 12, unit: 'binary' })),
});

const mutate = (text: string, edits: readonly Edit[]): string =>
  edits.reduce((current, { at, remove, insert }) => {
    const start = Math.floor(at * current.length);
    return current.slice(0, start) + insert + current.slice(start + remove);
  }, text);

test(`${RUNS} mutated requests are answered, each in its way, and leave nothing behind`, async () => {
  const { post, clock } = await startEndpoint();
  const right = async () => (await post(envelope(tds('GetSystemDateAndTime')))).body;
  const before = await right();
  const started = clock.now();
  const statuses = new Map<number, number>();
  let address = 0;
  const property = fc.asyncProperty(
    fc.constantFrom(...requests),
    fc.array(edit, { minLength: 1, maxLength: 6 }),
    async (request, edits) => {
      // Each from an address of its own, so that no guess waits.
      const answer = await post(mutate(request, edits), { remoteAddress: `10.0.${(address >> 8) & 255}.${address++ & 255}` });
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      expect([200, 400, 401, 500]).toContain(answer.status);
      expect(answer.body).toMatch(/^<\?xml .*<\/env:Envelope>$/s);
      if (answer.status !== 200) expect(answer.body).toContain('Fault>');
      expect(answer.body).not.toMatch(/\.ts:|node_modules|TypeError/);
    },
  );
  await fc.assert(property, { numRuns: RUNS });
  // All kinds of answers were met, else the mutations reach too little.
  expect([...statuses.keys()].sort()).toEqual([200, 400, 401, 500]);
  expect(clock.now()).toBe(started);
  expect(await right()).toBe(before);
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(clock.pending).toBe(0);
}, 120_000);

test('mutated requests do not grow the process', async () => {
  // Who guesses has to wait; that this ends, and grows nothing, is tested elsewhere.
  const { post, calls } = await startEndpoint({ auth: false });
  const bodies = requests.flatMap((request) =>
    SNIPPETS.map((insert, index) => mutate(request, [{ at: index / SNIPPETS.length, remove: 3, insert }])),
  );
  const round = async () => {
    for (const body of bodies) await post(body);
    // What the test itself has noted does not count.
    calls.length = 0;
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  for (let warm = 0; warm < 3; warm++) await round();
  const before = await round();
  for (let time = 0; time < 8; time++) await round();
  expect((await round()) - before).toBeLessThan(2_000_000);
}, 60_000);
