import { findProgram } from '../platform/programs.ts';
import { ok, type Result, skipped, warning } from './check.ts';
import type { Surroundings } from './surroundings.ts';

/** A port that others have to reach. */
export interface NeededPort {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}

/** The rules of a firewall for packets that come in, as far as they can be read line by line. */
export interface Rules {
  /** The program that manages them. */
  readonly kind: 'ufw' | 'firewalld' | 'nftables' | 'iptables';
  /** Whether packets that no rule names are dropped. */
  readonly closed: boolean;
  /** The rules that accept, drop or reject, in the words of nft or iptables. */
  readonly lines: readonly string[];
  /** Of nftables, the chain that takes a further rule: "inet filter input". */
  readonly chain?: string;
}

/** Resolves to whether the machine's own firewall lets in what the camera needs. */
export async function firewall(surroundings: Surroundings, needed: readonly NeededPort[]): Promise<Result> {
  const rules = await readRules(surroundings);
  if (rules === 'unreadable') return skipped(unreadable(surroundings));
  if (rules === undefined) return ok('none');
  const blocked = needed.filter((each) => !letsIn(rules, each));
  if (blocked.length === 0) return ok(`${rules.kind} lets in all that the camera needs (${needed.map(shown).join(', ')})`);
  return warning(`${rules.kind} seems to keep out ${blocked.map(shown).join(', ')}`, fixFor(rules, blocked));
}

const shown = ({ protocol, port }: NeededPort) => `${protocol.toUpperCase()} ${port}`;

function unreadable({ tree }: Surroundings): string {
  const ufw = /^ENABLED=yes/m.test(tree.text('/etc/ufw/ufw.conf') ?? '') ? ', but ufw is on' : '';
  return `only root may read the rules${ufw}: \`sudo onvif-camera doctor\``;
}

/** Resolves to the rules; undefined: there is no firewall, or none with rules. */
async function readRules({ tools, user, toolPath }: Surroundings): Promise<Rules | 'unreadable' | undefined> {
  const there = (name: string) => findProgram(name, toolPath) !== undefined;
  const nft = there('nft') ? await tools.ask('nft', ['list', 'ruleset']) : undefined;
  if (nft !== undefined) {
    const rules = parseNft(nft);
    const kind = /^table \S+ firewalld/m.test(nft) ? 'firewalld' : /\bufw6?-/.test(nft) ? 'ufw' : 'nftables';
    if (rules) return { ...rules, kind };
  }
  const iptables = there('iptables') ? await tools.ask('iptables', ['-S']) : undefined;
  if (iptables !== undefined) {
    const rules = parseIptables(iptables);
    return rules && { ...rules, kind: /-N ufw-/.test(iptables) ? 'ufw' : 'iptables' };
  }
  const any = there('nft') || there('iptables');
  return any && nft === undefined && user.uid !== 0 ? 'unreadable' : undefined;
}

/** Reads what `nft list ruleset` prints; undefined: nothing is kept out. */
export function parseNft(text: string): Omit<Rules, 'kind'> | undefined {
  let table = '';
  let chain: { name: string; input: boolean; closed: boolean; lines: string[] } | undefined;
  const chains: NonNullable<typeof chain>[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    const [, tableName] = /^table (\S+ \S+) \{/.exec(line) ?? [];
    if (tableName !== undefined) table = tableName;
    const [, chainName] = /^chain (\S+) \{/.exec(line) ?? [];
    if (chainName !== undefined) {
      chain = { name: `${table} ${chainName}`, input: false, closed: false, lines: [] };
      chains.push(chain);
    } else if (line === '}') chain = undefined;
    else if (chain && /^type filter hook input\b/.test(line)) {
      chain.input = true;
      chain.closed = /policy drop/.test(line);
    } else if (chain && /\b(accept|drop|reject)\b/.test(line)) chain.lines.push(line);
  }
  const input = chains.filter((each) => each.input);
  const [first] = input;
  // Without a chain for input: rules for forwarding, as to containers, do not matter to the camera.
  if (!first) return undefined;
  // A last rule that drops everything is as good as a policy.
  const closing = input.find((each) => each.closed || isForAll(each.lines.at(-1) ?? '', /^(drop|reject)\b/));
  const lines = chains.flatMap((each) => each.lines);
  if (!closing && !lines.some((line) => /\b(drop|reject)\b/.test(line) && /dport/.test(line))) return undefined;
  return { closed: closing !== undefined, lines, chain: (closing ?? first).name };
}

/** Returns whether a rule is for all packets: "counter packets 1 bytes 2 drop". */
const isForAll = (line: string, verdict: RegExp) => verdict.test(line.replace(/^counter packets \d+ bytes \d+ /, ''));

/** Reads what `iptables -S` prints; undefined: nothing is kept out. */
export function parseIptables(text: string): Omit<Rules, 'kind'> | undefined {
  const lines = text.split('\n').filter((line) => /-j (ACCEPT|DROP|REJECT)\b/.test(line));
  const closed = /^-P INPUT (DROP|REJECT)/m.test(text) || lines.some((line) => /^-A INPUT -j (DROP|REJECT)\b/.test(line));
  return closed || lines.some((line) => /--dports? .*-j (DROP|REJECT)/.test(line)) ? { closed, lines } : undefined;
}

function letsIn({ closed, lines }: Rules, needed: NeededPort): boolean {
  const naming = lines.filter((line) => names(line, needed));
  if (naming.length > 0) return naming.some((line) => /\baccept\b/i.test(line));
  // Rules that accept a whole network, or everything: "ip saddr 192.168.0.0/16 accept". Those for lo or known connections let in no
  // new client.
  return (
    !closed ||
    lines.some(
      (line) =>
        /\baccept\b/i.test(line) &&
        !/\bct state|conntrack|--state|\blo\b|dport|icmp|igmp|sport|l4proto|-p /i.test(line) &&
        /saddr|-s |iifname|-i |^accept|^-A INPUT -j ACCEPT/.test(line),
    )
  );
}

/** Returns whether a rule of either tool names a port: alone, in a set or in a range. */
function names(line: string, { protocol, port }: NeededPort): boolean {
  const [, own = '', list = ''] =
    /\b(tcp|udp|th) dport (?:\{ )?([\d, -]+)/.exec(line) ?? /-p (tcp|udp)\b.*--dports? ([\d,:]+)/.exec(line) ?? [];
  if (own !== protocol && own !== 'th') return false;
  return list.split(',').some((part) => {
    const [from = Number.NaN, to = from] = part.split(/[-:]/).map((text) => Number(text.trim() || Number.NaN));
    return port >= from && port <= to;
  });
}

function fixFor({ kind, chain }: Rules, blocked: readonly NeededPort[]): string {
  const each = (make: (needed: NeededPort) => string) => blocked.map(make).join(' && ');
  switch (kind) {
    case 'ufw':
      return `\`${each(({ protocol, port }) => `sudo ufw allow ${port}/${protocol}`)}\``;
    case 'firewalld':
      return `\`sudo firewall-cmd --permanent ${blocked.map(({ protocol, port }) => `--add-port=${port}/${protocol}`).join(' ')} && sudo firewall-cmd --reload\``;
    case 'nftables':
      return `\`${each(({ protocol, port }) => `sudo nft insert rule ${chain} ${protocol} dport ${port} accept`)}\`, and the same in /etc/nftables.conf`;
    case 'iptables':
      return `\`${each(({ protocol, port }) => `sudo iptables -I INPUT -p ${protocol} --dport ${port} -j ACCEPT`)}\`, kept by \`sudo netfilter-persistent save\``;
  }
}
