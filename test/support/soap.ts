import type { Server } from './server.ts';

const DEVICE = 'http://www.onvif.org/ver10/device/wsdl';
const MEDIA = 'http://www.onvif.org/ver10/media/wsdl';
const SCHEMA = 'http://www.onvif.org/ver10/schema';

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Asks the device service as `admin`; elements of the schema have the prefix "t". */
export const askDevice = (server: Server, operation: string, fields = ''): Promise<Answer> =>
  ask(server, 'device_service', DEVICE, operation, fields);

/** Asks the media service, as `admin` unless `init` has another login. */
export const askMedia = (server: Server, operation: string, fields = '', init: RequestInit = {}): Promise<Answer> =>
  ask(server, 'media_service', MEDIA, operation, fields, init);

async function ask(server: Server, service: string, namespace: string, operation: string, fields: string, init: RequestInit = {}) {
  const answer = await server.fetch(`/onvif/${service}`, {
    method: 'POST',
    body: `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><${operation} xmlns="${namespace}" xmlns:t="${SCHEMA}">${fields}</${operation}></s:Body></s:Envelope>`,
    ...init,
  });
  return { status: answer.status, text: await answer.text() };
}

/** `User` of CreateUsers and SetUser. */
export const userFields = (name: string, password: string, level = 'User'): string =>
  `<User><t:Username>${name}</t:Username><t:Password>${password}</t:Password><t:UserLevel>${level}</t:UserLevel></User>`;
