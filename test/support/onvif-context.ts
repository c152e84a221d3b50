import type { RequestContext } from '../../src/onvif/service.ts';
import type { Addressing } from '../../src/protocols/soap/addressing.ts';

/** A request without headers of WS-Addressing. */
export const NO_ADDRESSING: Addressing = {
  namespace: undefined,
  messageId: undefined,
  action: undefined,
  to: undefined,
  replyTo: undefined,
};

/** A request that says no more than it has to, of nobody. */
export const CONTEXT: RequestContext = {
  baseUrl: 'http://192.168.1.5:8080',
  host: '192.168.1.5',
  addressUrl: 'http://192.168.1.5:8080',
  remoteAddress: '192.168.1.77',
  resolvePrefix: () => undefined,
  user: undefined,
  path: '/onvif/device_service',
  addressing: NO_ADDRESSING,
  signal: new AbortController().signal,
};
