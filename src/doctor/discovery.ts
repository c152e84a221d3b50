import { messageOf } from '../core/errors.ts';
import { isLoopbackHost } from '../core/host-names.ts';
import type { LocalAddress } from '../discovery/addresses.ts';
import type { Link } from '../platform/machine/links.ts';
import { portHolder } from '../platform/port-holder.ts';
import { type Check, failure, ok, type Result, skipped, warning } from './check.ts';
import { linksOf } from './network.ts';
import { type ProbeOutcome, probeBy } from './probe.ts';
import { explainNoServer, type Surroundings } from './surroundings.ts';

/** IFF_MULTICAST of linux/if.h: the interface takes multicast. */
const FLAG_MULTICAST = 0x1000;
/** Most interfaces by which the camera is searched; a machine with more has them for something else. */
const MAX_INTERFACES = 8;

/** Returns the checks of whether others find the camera: multicast, WS-Discovery and mDNS. */
export function discoveryChecks(surroundings: Surroundings): Check[] {
  let outcomes: Promise<PromiseSettledResult<ProbeOutcome>[]> | undefined;
  // Two checks share one search.
  const search = (signal: AbortSignal) => {
    outcomes ??= Promise.allSettled(localsOf(surroundings).map((local) => probeBy(local, signal)));
    return outcomes;
  };
  return [
    {
      id: 'multicast',
      title: 'Multicast',
      run: async (signal) => (isOff(surroundings) ? skipped(OFF) : multicast(surroundings, await search(signal))),
    },
    { id: 'ws-discovery', title: 'WS-Discovery', run: (signal) => wsDiscovery(surroundings, () => search(signal)) },
    { id: 'mdns', title: 'mDNS', run: (signal) => mdns(surroundings, signal) },
  ];
}

const OFF = 'discovery.enabled is off';
const isOff = ({ settings: { config } }: Surroundings): boolean => !config.discovery.enabled;

const withAddress = (surroundings: Surroundings): Link[] =>
  linksOf(surroundings)
    .filter(({ up, ipv4 }) => up && ipv4.length > 0)
    .slice(0, MAX_INTERFACES);

const localsOf = (surroundings: Surroundings): LocalAddress[] =>
  withAddress(surroundings).map(({ name, ipv4 }) => ({ ...ipv4[0]!, interfaceName: name }));

const shown = ({ interfaceName, address }: LocalAddress) => `${interfaceName} (${address})`;

function multicast(surroundings: Surroundings, outcomes: readonly PromiseSettledResult<ProbeOutcome>[]): Result {
  if (outcomes.length === 0) return skipped('there is no interface with an address');
  const refused = outcomes.find((outcome) => outcome.status === 'rejected');
  if (refused) return portRefused(surroundings, 3702, refused.reason);
  const probes = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const lost = probes.filter(({ cameBack }) => !cameBack);
  if (lost.length === 0) return ok(`our own search came back on ${probes.map(({ local }) => shown(local)).join(', ')}`);
  const off = lost.find(({ local }) => !canMulticast(surroundings, local.interfaceName));
  const name = off?.local.interfaceName;
  return failure(
    `our own search did not come back on ${lost.map(({ local }) => shown(local)).join(', ')}: recorders there do not find the camera`,
    name === undefined
      ? 'A firewall of this machine keeps multicast out: let UDP 3702 and 5353 in (`sudo ufw allow 3702/udp`, `sudo ufw allow 5353/udp`; see the check "firewall").'
      : `\`sudo ip link set dev ${name} multicast on\`, and \`sudo ip route add 224.0.0.0/4 dev ${name}\` where there is no default route.`,
  );
}

const canMulticast = ({ tree }: Surroundings, name: string): boolean => {
  const flags = tree.text(`/sys/class/net/${name}/flags`);
  return flags === undefined || (Number(flags) & FLAG_MULTICAST) !== 0;
};

function portRefused({ tree }: Surroundings, port: number, error: unknown): Result {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE')
    return failure(
      `the system does not let us send by multicast: ${messageOf(error)}`,
      '`ip route` shows whether there is a way: 224.0.0.0/4 needs one, or a default route.',
    );
  const holder = portHolder(port, tree.root, 'udp');
  const who = holder?.name === undefined ? 'another program' : `${holder.name} (process ${holder.pid} of the user ${holder.user})`;
  return failure(`UDP ${port} is kept by ${who} for itself`, `Stop it: \`sudo ss -ulpn 'sport = :${port}'\` shows it.`);
}

/** Returns why a search would be in vain; undefined: the server runs and can be found. */
function unfindable(surroundings: Surroundings): string | undefined {
  const { server, base, settings, state, announced } = surroundings;
  if (!server) return explainNoServer(surroundings);
  if (announced === false) return 'the running camera was started without discovery';
  if (!settings.config.discovery.enabled) return OFF;
  if (base === undefined || isLoopbackHost(new URL(base).hostname))
    return 'the camera listens on this machine alone, and so is not announced';
  if (state?.device.discoverable === false) return 'a recorder has set the camera to be not discoverable';
  return state ? undefined : "the camera's identity cannot be read (state.json)";
}

async function wsDiscovery(surroundings: Surroundings, search: () => Promise<PromiseSettledResult<ProbeOutcome>[]>): Promise<Result> {
  const why = unfindable(surroundings);
  if (why !== undefined) return skipped(why);
  const outcomes = await search();
  const uuid = surroundings.state?.uuid ?? '';
  const probes = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  if (probes.length === 0) return skipped('there is no interface with an address');
  const seen: string[] = [];
  for (const { local, answers } of probes) {
    const own = answers.find(({ address }) => address.toLowerCase().endsWith(uuid.toLowerCase()));
    const others = answers.length - (own ? 1 : 0);
    if (!own)
      return failure(
        `the camera does not answer a search by ${shown(local)}${others > 0 ? `, ${others} other${others === 1 ? ' does' : 's do'}` : ''}`,
        'See the checks "multicast" and "firewall", and the log for "WS-Discovery"; restart the camera.',
      );
    // The announced address has to be that of the interface by which we asked.
    const elsewhere = own.xaddrs.every((xaddr) => !URL.canParse(xaddr) || new URL(xaddr).hostname !== local.address);
    if (elsewhere)
      return warning(
        `by ${shown(local)} the camera announces ${own.xaddrs.join(' ') || 'no address'}, which is another one`,
        'Restart the camera; if that does not help, give it one address with --bind.',
      );
    seen.push(`${local.interfaceName} ${own.xaddrs[0]}`);
  }
  return ok(seen.join(', '));
}

async function mdns(surroundings: Surroundings, signal: AbortSignal): Promise<Result> {
  const why = unfindable(surroundings);
  if (why !== undefined) return skipped(why);
  const locals = localsOf(surroundings);
  if (locals.length === 0) return skipped('there is no interface with an address');
  const { searchMdns } = await import('./mdns-search.ts');
  const uuid = surroundings.state?.uuid ?? '';
  const outcomes = await Promise.allSettled(locals.map(({ address }) => searchMdns(address, uuid, signal)));
  for (const [at, outcome] of outcomes.entries()) {
    const local = locals[at]!;
    if (outcome.status === 'rejected') return portRefused(surroundings, 5353, outcome.reason);
    const own = outcome.value.filter((service) => service.uuid === uuid);
    if (own.length === 0)
      return warning(
        `the camera does not answer by mDNS on ${shown(local)}`,
        'Let UDP 5353 in (`sudo ufw allow 5353/udp`); the log has more under "mDNS". Recorders that search by WS-Discovery find it all the same.',
      );
    const told = new Set(own.flatMap(({ addresses }) => addresses));
    if (told.size > 0 && !told.has(local.address))
      return warning(
        `by mDNS on ${shown(local)} the camera announces ${[...told].join(', ')}`,
        'Restart the camera; another responder may answer in its name.',
      );
  }
  return ok(`_onvif._tcp answers on ${locals.map(shown).join(', ')}`);
}
