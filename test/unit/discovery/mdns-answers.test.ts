import { beforeEach, describe, expect, test } from '@jest/globals';
import { type Asked, type DnsQuery, type DnsResponse, MdnsAnswers } from '../../../src/discovery/mdns-answers.ts';
import { MdnsGuard } from '../../../src/discovery/mdns-guard.ts';
import { type DnsRecord, intoMessages, isKnown, recordKey } from '../../../src/protocols/dns/records.ts';
import { dnsQuery } from '../../support/dns.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const TYPE = '_onvif._tcp.local';
const INSTANCE = `Pi Camera.${TYPE}`;
const ptr: DnsRecord = { name: TYPE, type: 'PTR', ttl: 28_800, data: INSTANCE };
const srv: DnsRecord = { name: INSTANCE, type: 'SRV', ttl: 120, data: { port: 8080, target: 'onvif-1.local' } };
const txt: DnsRecord = { name: INSTANCE, type: 'TXT', ttl: 4500, data: [Buffer.from('path=/')] };
const a: DnsRecord = { name: 'onvif-1.local', type: 'A', ttl: 120, data: '10.0.0.1' };
const MULTICAST: Asked = { legacy: false, unicast: false };
const UNICAST: Asked = { legacy: false, unicast: true };
const LEGACY: Asked = { legacy: true, unicast: false };

let clock: FakeClock;
let toAll: DnsResponse[];
let toOne: DnsResponse[];
let answers: MdnsAnswers;

const query = (changes: Partial<DnsQuery> = {}): DnsQuery => ({
  id: 7,
  questions: [{ name: TYPE, type: 'PTR' }],
  answers: [],
  authorities: [],
  ...changes,
});
const ask = (records: readonly DnsRecord[], additionals: readonly DnsRecord[] = [], asked = MULTICAST, asking = query()) =>
  answers.answer(asking, records, additionals, asked, (response) => toOne.push(response));

beforeEach(() => {
  clock = new FakeClock();
  toAll = [];
  toOne = [];
  answers = new MdnsAnswers({ toAll: (response) => toAll.push(response), clock });
});

describe('to everyone', () => {
  test('all that is asked for in one message, each record once, and with it what goes along', () => {
    ask([ptr, srv, ptr, { ...ptr }, a], [srv, txt, { ...txt }, a]);
    expect(toAll).toEqual([{ answers: [ptr, srv, a], additionals: [txt] }]);
  });

  test('a record at most once a second, however often it is asked for; then once more', () => {
    for (let at = 0; at < 500; at++) {
      ask([ptr], [srv, txt, a]);
      clock.advance(1);
    }
    expect(toAll).toHaveLength(1);
    clock.advance(500);
    expect(toAll).toEqual([
      { answers: [ptr], additionals: [srv, txt, a] },
      { answers: [ptr], additionals: [srv, txt, a] },
    ]);
    clock.advance(60_000);
    expect(toAll).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  test('no faster by asking for one record after another', () => {
    const all = [ptr, srv, txt, a];
    for (let at = 0; at < 5000; at++) {
      ask([all[at % all.length]!], all);
      clock.advance(2);
    }
    const sent = toAll.flatMap((response) => [...response.answers, ...response.additionals]);
    // Ten seconds, and the first at once.
    for (const record of all) expect(sent.filter((each) => each === record).length).toBeLessThanOrEqual(11);
  });

  test('what was announced is not said again within the second; what is gone not at all', () => {
    answers.announced([{ ...ptr }]);
    ask([ptr]);
    expect(toAll).toEqual([]);
    clock.advance(1000);
    expect(toAll).toEqual([{ answers: [ptr], additionals: [] }]);
    ask([ptr]);
    answers.stop();
    clock.advance(10_000);
    expect(toAll).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  test('a name is defended four times a second', () => {
    const probe = query({ authorities: [srv] });
    for (let at = 0; at < 100; at++) {
      ask([srv], [], MULTICAST, probe);
      clock.advance(10);
    }
    expect(toAll).toHaveLength(4);
  });

  test('not what the one who asks knows, unless it is about to end', () => {
    const knows = (ttl: number) => query({ answers: [{ ...ptr, name: TYPE.toUpperCase(), ttl }] });
    ask([ptr], [srv], MULTICAST, knows(14_400));
    expect(toAll).toEqual([]);
    ask([ptr], [], MULTICAST, knows(14_399));
    expect(toAll).toHaveLength(1);
  });

  test('in messages that fit into a frame', () => {
    const many = Array.from({ length: 40 }, (_, at) => ({ ...txt, name: `${at}.${TYPE}`, data: [Buffer.alloc(100)] }));
    ask(many, [srv]);
    expect(toAll.length).toBeGreaterThan(2);
    expect(toAll.flatMap((response) => response.answers)).toEqual(many);
    for (const response of toAll) expect(response.answers.length).toBeLessThan(12);
  });
});

describe('to one', () => {
  test('who asks for that, where everyone was told within a quarter of the life of the record', () => {
    ask([srv], [a], UNICAST);
    expect([toAll.length, toOne.length]).toEqual([1, 0]);
    clock.advance(29_999);
    ask([srv], [a], UNICAST);
    expect(toOne).toEqual([{ answers: [srv], additionals: [a] }]);
    clock.advance(1);
    ask([srv], [], UNICAST);
    expect([toAll.length, toOne.length]).toEqual([2, 1]);
  });

  test('a simple resolver: number and question come back, nothing lives longer than ten seconds', () => {
    ask([ptr], [srv, a], LEGACY);
    expect(toAll).toEqual([]);
    expect(toOne).toEqual([
      {
        id: 7,
        questions: [{ name: TYPE, type: 'PTR', class: 'IN' }],
        answers: [{ ...ptr, ttl: 10 }],
        additionals: [
          { ...srv, ttl: 10 },
          { ...a, ttl: 10 },
        ],
      },
    ]);
    ask([ptr], [], LEGACY, query({ questions: Array.from({ length: 5 }, () => ({ name: TYPE, type: 'PTR' })) }));
    expect(toOne).toHaveLength(1);
  });
});

describe('records', () => {
  test('are the same whatever their time to live and their capitals', () => {
    expect(recordKey({ ...ptr, ttl: 0, name: TYPE.toUpperCase() })).toBe(recordKey(ptr));
    for (const other of [srv, { ...ptr, data: 'x' }, { ...ptr, name: 'x' }, { ...txt, data: [Buffer.from('path=/x')] }])
      expect(recordKey(other)).not.toBe(
        recordKey(other === srv ? { ...srv, data: { port: 1, target: 'x' } } : other.type === 'TXT' ? txt : ptr),
      );
  });

  test('are known where type, name and data are', () => {
    expect(isKnown(txt, [{ ...txt, data: [Buffer.from('path=/')] }])).toBe(true);
    for (const listed of [
      { ...txt, type: 'PTR' },
      { ...txt, name: 'x' },
      { ...txt, data: [Buffer.from('x')] },
      { ...txt, ttl: 2249 },
    ])
      expect(isKnown(txt, [listed])).toBe(false);
  });

  test('one that is longer than a message is alone in one', () => {
    const long = { ...txt, data: [Buffer.alloc(200), Buffer.alloc(200)] };
    expect(intoMessages([ptr, long, a], 150)).toEqual([[ptr], [long], [a]]);
    expect(intoMessages([], 150)).toEqual([]);
  });
});

describe('MdnsGuard', () => {
  const local = { address: '10.99.0.1', prefixLength: 24, interfaceName: 'eth0' };
  const one = dnsQuery([{ name: TYPE }]);
  const from = (address: string, port = 5353) => ({ address, port });

  test.each([
    ['10.99.0.2', true],
    ['169.254.7.7', true],
    ['10.99.1.2', false],
    ['192.168.1.2', false],
    ['8.8.8.8', false],
  ])('a query from %s: %s', (address, accepted) => {
    const guard = new MdnsGuard(clock);
    expect(guard.accepts(one, from(address), local)).toBe(accepted);
    expect(guard.counters).toMatchObject(accepted ? { parsed: 1, foreign: 0 } : { parsed: 0, foreign: 1 });
  });

  test('a loud sender does not silence another, and all together have a limit', () => {
    const guard = new MdnsGuard(clock);
    for (let at = 0; at < 5000; at++) guard.accepts(one, from('10.99.0.2'), local);
    expect(guard.counters.parsed * one.length).toBeLessThanOrEqual(32_000);
    expect(guard.accepts(one, from('10.99.0.3'), local)).toBe(true);
    for (let at = 0; at < 50_000; at++) guard.accepts(one, from(`10.99.0.${4 + (at % 250)}`), local);
    expect(guard.counters.parsed * one.length).toBeLessThanOrEqual(128_000);
    expect(guard.counters.received).toBe(55_001);
  });

  test('an answer of his own gets only who is in the network, and not without end', () => {
    const guard = new MdnsGuard(clock);
    for (const sender of [from('169.254.7.7'), from('8.8.8.8'), from('10.99.0.2', 0)])
      expect(guard.mayAnswerAlone(sender, local)).toBe(false);
    expect(Array.from({ length: 100 }, () => guard.mayAnswerAlone(from('10.99.0.2'), local)).filter(Boolean)).toHaveLength(20);
    expect(guard.mayAnswerAlone(from('10.99.0.3'), local)).toBe(true);
  });
});
