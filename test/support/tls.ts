import { type ConnectionOptions, connect, type TLSSocket, type TlsOptions } from 'node:tls';

const KEY = Buffer.from('a key that both ends know');
/** With a key that both ends know, TLS needs no certificate (RFC 4279). */
const PROTOCOL = { ciphers: 'PSK', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;

/** What a server of node:tls or node:https takes. */
export const TLS_SERVER: TlsOptions = { ...PROTOCOL, pskCallback: () => KEY };

const CLIENT: ConnectionOptions = {
  ...PROTOCOL,
  pskCallback: () => ({ psk: KEY, identity: 'test' }),
  checkServerIdentity: () => undefined,
};

/** A client's connection to such a server; "secureConnect" is when it is there. */
export function connectTls(port: number): TLSSocket {
  const socket = connect({ ...CLIENT, port, host: '127.0.0.1' });
  socket.setNoDelay(true);
  return socket;
}
