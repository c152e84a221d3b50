import { isIP } from 'node:net';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isOwnHost, parseHost } from '../../src/core/host-names.ts';
import { formatOrigin } from '../../src/core/origin.ts';
import { Arrivals } from '../../src/servers/http/arrivals.ts';
import { Proxies } from '../../src/servers/http/proxies.ts';

const address = fc.oneof(fc.ipV4(), fc.ipV6());
/** What a header of Node can hold. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ maxLength: 60 }),
  address,
  fc.constant(','),
  fc.constant('[::1]:x'),
);
const headers = fc.record(
  {
    host: text,
    'x-forwarded-for': fc.oneof(
      text,
      fc.array(text, { maxLength: 40 }).map((list) => list.join(', ')),
    ),
    'x-forwarded-proto': text,
    'x-forwarded-host': text,
    origin: text,
  },
  { requiredKeys: [] },
);

const arrivals = new Arrivals({
  trustedProxies: ['127.0.0.1'],
  names: () => ({ hostname: 'picam', domains: ['example.net'], allowed: [] }),
  ownAddress: () => '192.168.1.5',
});
const from = (remoteAddress: string, sent: object) =>
  ({ method: 'POST', headers: sent, socket: { remoteAddress, localAddress: '127.0.0.1', localPort: 8080 } }) as never;

test('no header makes anything fail, and the client always has an address', () => {
  fc.assert(
    fc.property(headers, (sent) => {
      const request = from('127.0.0.1', sent);
      expect(isIP(arrivals.clientAddress(request))).not.toBe(0);
      const { origin, host } = arrivals.baseOf(request);
      const baseUrl = formatOrigin(origin);
      expect(URL.canParse(baseUrl)).toBe(true);
      expect(new URL(baseUrl).pathname).toBe('/');
      expect(URL.canParse(`rtsp://${host}:8554/`)).toBe(true);
      arrivals.hostOf(request);
      arrivals.isFromOtherSite(request);
    }),
    { numRuns: 2000 },
  );
});

test('the headers of one who is not trusted change nothing', () => {
  fc.assert(
    fc.property(
      address.filter((each) => each !== '127.0.0.1'),
      headers,
      (peer, sent) => {
        const { host } = sent;
        const bare = from(peer, host === undefined ? {} : { host });
        expect(arrivals.clientOf(from(peer, sent))).toEqual(arrivals.clientOf(bare));
        expect(arrivals.baseOf(from(peer, sent))).toEqual(arrivals.baseOf(bare));
        expect(arrivals.hostOf(from(peer, sent))).toEqual(arrivals.hostOf(bare));
      },
    ),
  );
});

test('what a client makes up of the way he came does not change whom he is taken for', () => {
  const proxies = new Proxies(['127.0.0.1', '10.0.0.0/8']);
  fc.assert(
    fc.property(
      text,
      fc.ipV4().filter((each) => !/^(10|127)\./.test(each)),
      fc.array(fc.constant('10.1.1.1'), { maxLength: 5 }),
      (lie, client, hops) => {
        const header = [lie, client, ...hops].join(', ');
        expect(proxies.clientAddress({ socket: { remoteAddress: '127.0.0.1' }, headers: { 'x-forwarded-for': header } })).toBe(client);
      },
    ),
  );
});

const OWN = { hostname: 'picam', domains: ['example.net'], allowed: ['*.example.org'] };

test('a name that somebody else can have in public is never ours', () => {
  fc.assert(
    fc.property(fc.domain(), (domain) => {
      // fast-check makes names under public top domains of letters.
      fc.pre(!/\.(local|localhost|lan|home|arpa|internal|localdomain|intranet|private|corp)$|(^|\.)example\.org$/i.test(domain));
      for (const name of [domain, `picam.${domain}`, `localhost.${domain}`, `example.net.${domain}`])
        expect(isOwnHost(name, OWN)).toBe(false);
    }),
  );
});

test('the rule is the same in any case, and with the dot at the end', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.domain(), fc.constantFrom('picam', 'picam.local', 'picam.example.net', 'a.example.org', 'localhost')),
      (name) => {
        const verdict = isOwnHost(name, OWN);
        expect(isOwnHost(name.toUpperCase(), OWN)).toBe(verdict);
        expect(isOwnHost(`${name}.`, OWN)).toBe(verdict);
      },
    ),
  );
});

test('any text is read or refused, never more', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (any) => {
      const parsed = parseHost(any);
      if (parsed) expect(parsed.name).toMatch(/^(\[[\da-f:.]+\]|[\w.-]+)$/i);
      isOwnHost(any, { hostname: any, domains: [any], allowed: [any] });
    }),
  );
});
