/**
 * Returns what counts as one peer: an IPv4 address (also in its IPv4-mapped form), or the /64 network of an IPv6 address, within
 * which anybody has as many addresses as he likes. Allocates nothing for plain IPv4. Never throws.
 *
 * @param address as the socket gives it
 */
export function addressKey(address: string): string {
  if (!address.includes(':')) return address;
  const groups = expand(address.split('%', 1)[0]!);
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (!mapped)
    return groups
      .slice(0, 4)
      .map((group) => group.toString(16))
      .join(':');
  return groups
    .slice(6)
    .flatMap((group) => [group >> 8, group & 0xff])
    .join('.');
}

/** Returns the /48 network of an IPv6 address, which is what one customer of a provider may have; undefined for IPv4. Never throws. */
export function networkKey(address: string): string | undefined {
  const key = addressKey(address);
  return key.includes(':') ? key.slice(0, key.lastIndexOf(':')) : undefined;
}

/** Returns the eight 16-bit groups of an IPv6 address (RFC 4291 section 2.2). */
function expand(address: string): number[] {
  const [head = '', tail] = address.split('::', 2);
  const before = groupsOf(head);
  const after = groupsOf(tail ?? '');
  const gap = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  return [...before, ...new Array<number>(gap).fill(0), ...after].slice(0, 8);
}

function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}
