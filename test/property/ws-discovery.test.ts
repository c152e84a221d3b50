import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { buildHello } from '../../src/protocols/ws-discovery/builders.ts';
import { matchScopes } from '../../src/protocols/ws-discovery/matching.ts';
import { parseMessage } from '../../src/protocols/ws-discovery/message.ts';
import { DISCOVERY, ONVIF_TYPES } from '../../src/protocols/ws-discovery/names.ts';
import { REQUESTS } from '../support/ws-discovery.ts';

const requests = [REQUESTS.probe({ types: 'net:A', scopes: 'onvif://a/b' }), REQUESTS.bare(), REQUESTS.soap11(), REQUESTS.resolve('urn:x')];
const isMessageOrNot = (datagram: Buffer) => {
  const message = parseMessage(datagram);
  expect(message === undefined || typeof message.messageId === 'string').toBe(true);
};

describe('parseMessage', () => {
  test('never throws, whatever the bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => isMessageOrNot(Buffer.from(bytes))));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => isMessageOrNot(Buffer.concat([Buffer.from(`<a b="${DISCOVERY}`), bytes]))),
    );
  });

  test('never throws for a request with bytes changed, cut out or put in', () => {
    const mutation = fc.record({ at: fc.nat(1500), remove: fc.nat(40), insert: fc.uint8Array({ maxLength: 20 }) });
    fc.assert(
      fc.property(fc.constantFrom(...requests), fc.array(mutation, { minLength: 1, maxLength: 4 }), (request, mutations) => {
        let datagram = Buffer.from(request);
        for (const { at, remove, insert } of mutations) {
          const from = Math.min(at, datagram.length);
          datagram = Buffer.concat([datagram.subarray(0, from), insert, datagram.subarray(from + remove)]);
        }
        isMessageOrNot(datagram);
      }),
      { numRuns: 1000 },
    );
  });

  test('reads back whatever text a Hello was built with', () => {
    const word = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/\s/.test(text));
    fc.assert(
      fc.property(fc.array(word, { maxLength: 10 }), fc.nat(), (scopes, metadataVersion) => {
        const target = { address: 'urn:uuid:x', types: ONVIF_TYPES, scopes, xaddrs: ['http://a'], metadataVersion };
        const hello = parseMessage(Buffer.from(buildHello(target, 'urn:uuid:y', { instanceId: 1, messageNumber: 2 })));
        expect(hello).toMatchObject({ kind: 'Hello', endpoint: { scopes, metadataVersion } });
      }),
    );
  });
});

test('matchScopes gives an answer for any texts, and every scope without dots covers itself', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, two) => {
      expect(typeof matchScopes([one], [two])).toBe('boolean');
    }),
  );
  fc.assert(
    fc.property(fc.webUrl(), (url) => {
      expect(matchScopes([url], [url])).toBe(!/\/\.{1,2}(\/|$)/.test(new URL(url).pathname) && !/\/(\.|%2e){1,2}([/?#]|$)/i.test(url));
    }),
  );
});
