import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { hostOf } from '../core/origin.ts';
import { machineInterfaces } from '../platform/interfaces.ts';

/**
 * Returns the hosts of URLs by which others reach a server on `bind`, IPv4 where it listens everywhere; loopback where there is no
 * network.
 */
export function addresses(bind: string): string[] {
  if (bind !== '0.0.0.0' && bind !== '::') return [hostOf(bind)];
  const found = Object.values(machineInterfaces.read())
    .flatMap((list) => list ?? [])
    .filter((each) => !each.internal && each.family === 'IPv4')
    .map((each) => each.address);
  return found.length > 0 ? found : ['127.0.0.1'];
}

/** Returns the addresses by which others reach a server that listens everywhere; none where there is no network. */
export const outsideAddresses = (): string[] => addresses('0.0.0.0').filter((address) => address !== '127.0.0.1');

/**
 * Resolves to the IPv4 address of this machine on the way to a host, by which that host reaches it; nothing is sent. Undefined:
 * there is no way.
 */
export async function addressTowards(host: string): Promise<string | undefined> {
  const socket = createSocket('udp4');
  try {
    // Any port will do: connecting UDP only looks up the route.
    socket.connect(9, host);
    await once(socket, 'connect');
    return socket.address().address;
  } catch {
    return undefined;
  } finally {
    socket.close();
  }
}
