import { describe, expect, jest, test } from '@jest/globals';
import { MATCHING_RULES, matchScopes, matchTypes } from '../../../../src/protocols/ws-discovery/matching.ts';
import { DISCOVERY, ONVIF_TYPES } from '../../../../src/protocols/ws-discovery/names.ts';

const OURS = [
  'onvif://www.onvif.org/Profile/Streaming',
  'onvif://www.onvif.org/type/video_encoder',
  'onvif://www.onvif.org/name/Pi%20Camera',
  'onvif://www.onvif.org/hardware/D1-566',
  'onvif://www.onvif.org/location/house/room%201',
];

describe('matchScopes, by RFC 3986', () => {
  test.each([
    ['onvif://www.onvif.org/Profile/Streaming', true],
    ['onvif://www.onvif.org/Profile', true],
    ['onvif://www.onvif.org/Profile/', true],
    ['onvif://www.onvif.org', true],
    ['onvif://www.onvif.org/', true],
    ['ONVIF://WWW.ONVIF.ORG/Profile/Streaming', true],
    ['onvif://www.onvif.org/profile/Streaming', false],
    ['onvif://www.onvif.org/hardware/D1', false],
    ['onvif://www.onvif.org/hardware/D1-566', true],
    ['onvif://www.onvif.org/hardware/D1-566/more', false],
    ['onvif://www.onvif.org/Profile/Streaming?x=1#y', true],
    ['onvif://www.onvif.org/location/house/room 1', true],
    ['onvif://www.onvif.org/location/house/roo%6d%201', true],
    ['onvif://www.onvif.org/location/house%2Froom%201', false],
    ['onvif://www.onvif.org/location/./house', false],
    ['onvif://www.onvif.org/location/../Profile', false],
    ['onvif://www.onvif.org/location/%2e%2e/Profile', false],
    ['onvif://www.onvif.org/location/%zz', false],
    ['onvif://example.org/Profile', false],
    ['http://www.onvif.org/Profile', false],
    ['www.onvif.org/Profile', false],
    ['', false],
  ])('%s: %s', (probed, expected) => {
    expect(matchScopes([probed], OURS)).toBe(expected);
    for (const name of ['rfc2396', 'rfc3986']) expect(matchScopes([probed], OURS, `${DISCOVERY}/${name}`)).toBe(expected);
  });

  test('takes as long as the scopes are, not their product, and one exception for a path of wrong escapes', () => {
    const decode = jest.spyOn(globalThis, 'decodeURIComponent');
    const ours = Array.from({ length: 50 }, (_, at) => `onvif://www.onvif.org/location/room%20${at}`);
    try {
      for (const path of ['/%zz'.repeat(2000), '/'.repeat(8000), '/%20'.repeat(2000)]) {
        decode.mockClear();
        const probed = `onvif://www.onvif.org${path}`;
        expect(matchScopes([probed], ours)).toBe(false);
        // Those of ours: the whole path and the segment with an escape.
        const segments = path.startsWith('/%20') ? 2000 : 0;
        expect(decode.mock.calls.length).toBeLessThanOrEqual(2 * ours.length + 1 + segments);
      }
    } finally {
      decode.mockRestore();
    }
  });

  test('a path with wrong escapes is compared as it stands', () => {
    expect(matchScopes(['onvif://a/b%20c/%zz'], ['onvif://a/b%20c/%zz/d'])).toBe(true);
    expect(matchScopes(['onvif://a/b c/%zz'], ['onvif://a/b%20c/%zz'])).toBe(false);
  });

  test('all probed scopes must match', () => {
    expect(matchScopes([OURS[0]!, OURS[3]!], OURS)).toBe(true);
    expect(matchScopes([OURS[0]!, 'onvif://www.onvif.org/hardware/other'], OURS)).toBe(false);
    expect(matchScopes([], OURS)).toBe(true);
    expect(matchScopes([], [])).toBe(true);
  });
});

describe('matchScopes, by other rules', () => {
  const UUID = '9a8b7c6d-1234-4abc-8def-0123456789ab';
  test.each([
    ['strcmp0', 'onvif://www.onvif.org/Profile/Streaming', 'onvif://www.onvif.org/Profile/Streaming', true],
    ['strcmp0', 'onvif://www.onvif.org/Profile', 'onvif://www.onvif.org/Profile/Streaming', false],
    ['strcmp0', 'ONVIF://www.onvif.org/Profile', 'onvif://www.onvif.org/Profile', false],
    ['uuid', `uuid:${UUID}`, `UUID:${UUID.toUpperCase()}`, true],
    ['uuid', `urn:uuid:${UUID}`, `uuid:${UUID}`, true],
    ['uuid', `uuid:${UUID.replace('9', '8')}`, `uuid:${UUID}`, false],
    ['uuid', 'onvif://x', 'onvif://x', false],
    ['ldap', 'ldap:///ou=engineering,o=exampleorg,c=us', 'ldap:///cn=x,ou=engineering,o=exampleorg,c=us', true],
    ['ldap', 'LDAP://Host:389/o=e', 'ldap://host:389/cn=a\\,b,o=e', true],
    ['ldap', 'ldap:///ou=sales,o=exampleorg,c=us', 'ldap:///ou=engineering,o=exampleorg,c=us', false],
    ['ldap', 'ldap://a/o=e', 'ldap://b/o=e', false],
    ['ldap', 'onvif://a', 'onvif://a', false],
  ])('%s: %s against %s is %s', (rule, probed, ours, expected) => {
    expect(matchScopes([probed], [ours], `${DISCOVERY}/${rule}`)).toBe(expected);
  });

  test('none asks for targets without scopes', () => {
    expect(matchScopes([], OURS, `${DISCOVERY}/none`)).toBe(false);
    expect(matchScopes(['onvif://x'], [], `${DISCOVERY}/none`)).toBe(true);
  });

  test('an unknown rule is told apart, whatever the scopes', () => {
    for (const rule of ['http://example.org/rule', `${DISCOVERY}/`, `${DISCOVERY}/RFC3986`, 'constructor'])
      expect(matchScopes([], OURS, rule)).toBe('unknown-rule');
    for (const rule of MATCHING_RULES) expect(matchScopes([], OURS, rule)).not.toBe('unknown-rule');
  });
});

describe('matchTypes', () => {
  const [video, device] = ONVIF_TYPES.map(({ namespace, local }) => ({ namespace, local }));
  test.each([
    ['nothing asked', [], true],
    ['one of ours', [video!], true],
    ['both', [device!, video!], true],
    ['a stranger besides', [video!, { namespace: 'urn:x', local: 'Printer' }], false],
    ['the right name in the wrong namespace', [{ namespace: device!.namespace, local: 'NetworkVideoTransmitter' }], false],
    ['no namespace', [{ namespace: '', local: 'Device' }], false],
    ['an undeclared prefix', [{ namespace: undefined, local: 'NetworkVideoTransmitter' }], true],
    ['an undeclared prefix, another name', [{ namespace: undefined, local: 'NetworkVideoDisplay' }], false],
  ])('%s', (_, probed, expected) => {
    expect(matchTypes(probed, ONVIF_TYPES)).toBe(expected);
  });
});
