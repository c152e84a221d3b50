import { expect, test } from '@jest/globals';
import { LazyEndpoint } from '../../../src/app/lazy-endpoint.ts';
import type { OnvifEndpoint } from '../../../src/onvif/endpoint.ts';
import type { SoapHttpRequest } from '../../../src/protocols/soap/http.ts';

const REQUEST = {} as SoapHttpRequest;
const ANSWER = { status: 200, headers: {}, body: 'yes' };

test('it is loaded once, when the first asks; what failed is tried again with the next request', async () => {
  let loads = 0;
  let fails = true;
  const lazy = new LazyEndpoint(async () => {
    loads++;
    if (fails) throw new Error('no file');
    return { start: async () => {}, handle: async () => ANSWER } as unknown as OnvifEndpoint;
  });
  expect(loads).toBe(0);
  lazy.warmUp();
  await expect(Promise.all([lazy.handle(REQUEST), lazy.handle(REQUEST)])).rejects.toThrow('no file');
  expect(loads).toBe(1);
  fails = false;
  expect(await Promise.all([lazy.handle(REQUEST), lazy.handle(REQUEST)])).toEqual([ANSWER, ANSWER]);
  expect(loads).toBe(2);
});
