import type { Server } from './server.ts';

const DEVICE = 'http://www.onvif.org/ver10/device/wsdl';
const SCHEMA = 'http://www.onvif.org/ver10/schema';

/** Asks the device service as `admin`; elements of the schema have the prefix "t". */
export async function askDevice(
  server: Server,
  operation: string,
  fields = '',
): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await server.fetch('/onvif/device_service', {
    method: 'POST',
    body: `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><${operation} xmlns="${DEVICE}" xmlns:t="${SCHEMA}">${fields}</${operation}></s:Body></s:Envelope>`,
  });
  return { status: answer.status, text: await answer.text() };
}

/** `User` of CreateUsers and SetUser. */
export const userFields = (name: string, password: string, level = 'User'): string =>
  `<User><t:Username>${name}</t:Username><t:Password>${password}</t:Password><t:UserLevel>${level}</t:UserLevel></User>`;
