import type { ServerResponse } from 'node:http';
import { expect, test } from '@jest/globals';
import { expectToBeRead } from '../../../../src/servers/http/answers.ts';

/** The timeout that an answer gets whose connection holds so many bytes that its client has not taken. */
function timeoutFor(writableLength: number): number | undefined {
  let timeout: number | undefined;
  const socket = { writableLength, setTimeout: (ms: number) => (timeout = ms) };
  expectToBeRead({ socket } as unknown as ServerResponse);
  return timeout;
}

test('an answer that its client does not take has a timeout of its own, one that is taken none', () => {
  expect(timeoutFor(75_000)).toBe(15_000);
  expect(timeoutFor(0)).toBeUndefined();
  expect(() => expectToBeRead({ socket: null } as unknown as ServerResponse)).not.toThrow();
});
