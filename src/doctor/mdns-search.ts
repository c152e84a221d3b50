import { makeBonjour } from '../discovery/bonjour.ts';
import { MdnsSocket } from '../discovery/mdns-socket.ts';

/** Longest wait for an answer. */
const LISTEN_MS = 3000;
/** Time after which to ask again: a query may get lost, and responders do not repeat a record within a second (RFC 6762, section 6). */
const AGAIN_MS = 1300;

/** Most services that are kept: answers can be made up without end. */
const MAX_FOUND = 500;

/** A service of type `_onvif._tcp`, by its own answer. */
export interface FoundService {
  /** TCP port of the device service. */
  readonly port: number;
  /** Empty: they came in another message, or not at all. */
  readonly addresses: readonly string[];
  /** From the TXT record; undefined: it has none. */
  readonly uuid: string | undefined;
}

/**
 * Searches for ONVIF cameras by mDNS on one interface, until the one with `uuid` has told its address, or three seconds are over.
 * Resolves to all that answered.
 * @param address of this machine on that interface
 * @throws Error of the operating system: EADDRINUSE where another program keeps port 5353 for itself
 */
export function searchMdns(address: string, uuid: string, signal: AbortSignal): Promise<FoundService[]> {
  return new Promise((resolve, reject) => {
    const found: FoundService[] = [];
    const socket: MdnsSocket = new MdnsSocket((datagram, sender) => {
      try {
        socket.deliver(datagram, sender);
      } catch {
        // A datagram of a stranger must not end the search.
      }
    });
    const { bonjour, mdns } = makeBonjour(socket, address, () => {});
    let again: NodeJS.Timeout | undefined;
    const end = (act: () => void) => {
      clearTimeout(timer);
      clearTimeout(again);
      signal.removeEventListener('abort', finish);
      try {
        bonjour.destroy();
      } catch {
        // Its socket was never open.
      }
      act();
    };
    const finish = () => end(() => resolve(found));
    const timer = setTimeout(finish, LISTEN_MS);
    signal.addEventListener('abort', finish, { once: true });
    mdns.on('error', (error: Error) => end(() => reject(error)));
    mdns.on('warning', () => {});
    const ask = () => {
      bonjour.find({ type: 'onvif' }, ({ port, addresses = [], txt }) => {
        const service = { port, addresses, uuid: typeof txt?.uuid === 'string' ? txt.uuid : undefined };
        if (found.length < MAX_FOUND) found.push(service);
        if (service.uuid === uuid && addresses.length > 0) finish();
      });
    };
    again = setTimeout(ask, AGAIN_MS);
    ask();
  });
}
