/** One connection as the kernel's table shows it. */
export interface TcpEntry {
  /** Bytes given to the connection that its peer has not acknowledged: those that wait, and those on their way. */
  readonly queued: number;
  /**
   * Retransmission time-out: after so long without an acknowledgement the kernel sends again, milliseconds; undefined where it
   * is not told.
   */
  readonly rto: number | undefined;
}

/** The two ends of a connection, as a socket of Node.js names them. */
export interface TcpEnds {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/** Times are told in hundredths of a second, whatever the kernel's own tick is (USER_HZ). */
const TICK_MS = 10;
const NEWLINE = 0x0a;
/** "   0: 0100007F:1F90 0100007F:D2F0 01 00012345:00000000 …"; then timer, retransmits, user, timeout, inode, references, pointer, rto. */
const LINE = /^ *\d+: ([0-9A-F]+:[0-9A-F]{4} [0-9A-F]+:[0-9A-F]{4}) [0-9A-F]{2} ([0-9A-F]{8}):[0-9A-F]{8}(?: +\S+){7}(?: +(\d+))?/;

/**
 * Returns how a connection is named in the table of its address family (proc(5), /proc/net/tcp and tcp6); undefined for one that is closed.
 *
 * @param littleEndian byte order of the machine: addresses are printed as the kernel's words are
 */
export function tcpKey({ localAddress, localPort, remoteAddress, remotePort }: TcpEnds, littleEndian: boolean): string | undefined {
  if (localAddress === undefined || remoteAddress === undefined || localPort === undefined || remotePort === undefined) return undefined;
  const end = (address: string, port: number) => `${printed(addressBytes(address), littleEndian)}:${hex(port, 4)}`;
  return `${end(localAddress, localPort)} ${end(remoteAddress, remotePort)}`;
}

/**
 * Calls `found` for every connection in a piece of a table, with its name as {@link tcpKey} makes it. Never throws.
 *
 * @returns how many bytes of the piece were whole lines; the rest belongs in front of the next piece
 */
export function readTcpTable(piece: Buffer, found: (key: string, entry: TcpEntry) => void): number {
  const whole = piece.lastIndexOf(NEWLINE) + 1;
  if (whole === 0) return 0;
  for (const line of piece.toString('latin1', 0, whole).split('\n')) {
    const [, key, queued, rto] = LINE.exec(line) ?? [];
    if (key === undefined || queued === undefined) continue;
    found(key, { queued: Number.parseInt(queued, 16), rto: rto === undefined ? undefined : Number(rto) * TICK_MS });
  }
  return whole;
}

const hex = (value: number, digits: number) => value.toString(16).toUpperCase().padStart(digits, '0');

/** Words of 32 bits, each as the number that it is to the machine. */
function printed(bytes: readonly number[], littleEndian: boolean): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4) {
    const word = bytes.slice(at, at + 4);
    for (const byte of littleEndian ? word.reverse() : word) text += hex(byte, 2);
  }
  return text;
}

/** The 4 bytes of an IPv4 address, or the 16 of an IPv6 address with or without its zone. */
function addressBytes(address: string): number[] {
  if (!address.includes(':')) return address.split('.').map(Number);
  const [head = '', tail] = address.replace(/%.*$/, '').split('::', 2);
  const [before, after] = [groupBytes(head), groupBytes(tail ?? '')];
  return [...before, ...new Array<number>(Math.max(0, 16 - before.length - after.length)).fill(0), ...after];
}

function groupBytes(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
