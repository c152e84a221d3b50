import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { hostOf } from '../core/origin.ts';
import { machineInterfaces } from '../platform/interfaces.ts';

/** The addresses under which a server on `bind` is reached from elsewhere; the machine itself where it has no network. */
export function addresses(bind: string): string[] {
  if (bind !== '0.0.0.0' && bind !== '::') return [hostOf(bind)];
  const found = Object.values(machineInterfaces.read())
    .flatMap((list) => list ?? [])
    .filter((each) => !each.internal && each.family === 'IPv4')
    .map((each) => each.address);
  return found.length > 0 ? found : ['127.0.0.1'];
}

/** The addresses under which others reach a server that listens everywhere. */
export const outsideAddresses = (): string[] => addresses('0.0.0.0').filter((address) => address !== '127.0.0.1');

/** Our address on the way to a host, which is how that host reaches us; nothing is sent. Undefined where there is no way. */
export async function addressTowards(host: string): Promise<string | undefined> {
  const socket = createSocket('udp4');
  try {
    // The port does not matter.
    socket.connect(9, host);
    await once(socket, 'connect');
    return socket.address().address;
  } catch {
    return undefined;
  } finally {
    socket.close();
  }
}
