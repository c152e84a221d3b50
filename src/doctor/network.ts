import { createServer } from 'node:net';
import { isLoopbackHost } from '../core/host-names.ts';
import { type PortSettings, settingsAtStart } from '../device/settings.ts';
import { realLinks } from '../platform/machine/known-mac.ts';
import { type Link, readLinks } from '../platform/machine/links.ts';
import { portHolder } from '../platform/port-holder.ts';
import { Processes } from '../platform/processes.ts';
import { listen } from '../servers/listen.ts';
import { type Check, failure, ok, type Result, skipped, warning } from './check.ts';
import { firewall, type NeededPort } from './firewall.ts';
import { explainNoServer, mayLook, type Surroundings } from './surroundings.ts';

/** Signal of Wi-Fi with which video stalls at times, dBm. */
const WEAK_SIGNAL = -70;
/** Signal with which it stalls all the time, dBm. */
const NO_SIGNAL = -80;

/** Returns the checks of addresses, ports, firewall and Wi-Fi. */
export function networkChecks(surroundings: Surroundings): Check[] {
  return [
    { id: 'network', title: 'Addresses', run: () => addresses(surroundings) },
    { id: 'port-http', title: 'Port of the page', run: () => port(surroundings, 'http') },
    { id: 'port-rtsp', title: 'Port of RTSP', run: () => port(surroundings, 'rtsp') },
    { id: 'firewall', title: 'Firewall', run: () => firewall(surroundings, neededPorts(surroundings)) },
    { id: 'wifi-power-saving', title: 'Wi-Fi power saving', run: () => powerSaving(surroundings) },
    { id: 'wifi-signal', title: 'Wi-Fi signal', run: () => signal(surroundings) },
  ];
}

/** Returns the network adapters that lead out; bridges and the like only where there are no others. */
export const linksOf = ({ tree, interfaces }: Pick<Surroundings, 'tree' | 'interfaces'>): readonly Link[] =>
  realLinks(readLinks(tree, interfaces()));

function addresses(surroundings: Surroundings): Result {
  const { bind } = surroundings.settings.config;
  const links = linksOf(surroundings);
  const told = links.flatMap(({ name, ipv4, linkLocal }) =>
    [...ipv4, ...(linkLocal ? [linkLocal] : [])].map(({ address, prefixLength }) => `${name} ${address}/${prefixLength}`),
  );
  const ipv6 = links.flatMap(({ name, ipv6: list }) => list.map(({ address }) => `${name} ${address}`));
  if (told.length === 0 && ipv6.length > 0)
    return warning(
      `${ipv6.join(', ')}: IPv6 alone, by which recorders do not find the camera`,
      'Give it an IPv4 address too: `nmcli device` tells.',
    );
  if (told.length === 0) {
    const names = links.map(({ name, up }) => `${name}${up ? '' : ' (off)'}`).join(', ');
    return failure(
      `no network has given this machine an address${names === '' ? '' : `; it has ${names}`}`,
      '`nmcli device` shows what is connected; `sudo nmtui` joins a Wi-Fi.',
    );
  }
  if (isLoopbackHost(bind))
    return warning(
      `bind is ${bind}: nobody reaches the camera but this machine`,
      'Set `bind: 0.0.0.0` (--bind), unless a proxy on this machine serves it.',
    );
  if (links.every(({ ipv4 }) => ipv4.length === 0))
    return warning(
      `${told.join(', ')}: addresses without a router (169.254…), which only machines without one, too, reach`,
      'Is the cable in a router or switch with DHCP? `nmcli device` tells.',
    );
  return ok(told.join(', '));
}

type Section = keyof PortSettings;

/** Returns the TCP port that a server has, or would have at the next start; 0: a free one. */
function portOf({ server, settings: { config, explicit }, state }: Surroundings, section: Section): number {
  if (server) return section === 'http' ? Number(new URL(server.url).port || 80) : (server.rtspPort ?? 0);
  const { httpPort, rtspPort } = state?.device ?? {};
  return settingsAtStart<PortSettings>({
    configured: { http: config.http.port, rtsp: config.rtsp.port },
    isOwners: (key) => explicit.has(`${key}.port`),
    kept: { http: httpPort, rtsp: rtspPort },
  })[section];
}

function neededPorts(surroundings: Surroundings): NeededPort[] {
  const { config } = surroundings.settings;
  const tcp = [portOf(surroundings, 'http'), ...(config.rtsp.enabled ? [portOf(surroundings, 'rtsp')] : [])];
  const udp = config.discovery.enabled ? [3702, 5353] : [];
  return [
    ...tcp.filter((each) => each > 0).map((each) => ({ protocol: 'tcp' as const, port: each })),
    ...udp.map((each) => ({ protocol: 'udp' as const, port: each })),
  ];
}

async function port(surroundings: Surroundings, section: Section): Promise<Result> {
  const { server, settings, tree } = surroundings;
  const { config } = settings;
  if (section === 'rtsp' && (server ? server.rtspPort === undefined : !config.rtsp.enabled)) return skipped('rtsp.enabled is off');
  const number = portOf(surroundings, section);
  if (number === 0) return ok('0: the start picks one that is free');
  if (server) {
    const holder = portHolder(number, tree.root);
    const other = holder?.pid !== undefined && !new Processes(tree.root).family(server.pid).has(holder.pid);
    return other
      ? failure(
          `${number} is taken by ${holder.name ?? 'a program'} (process ${holder.pid} of the user ${holder.user})`,
          'Stop it, and start the camera again.',
        )
      : ok(`${number}, of the running server (process ${server.pid})`);
  }
  // The port may be taken by a camera that this user cannot see.
  if (!mayLook(surroundings)) return skipped(explainNoServer(surroundings));
  // Throws the AppError that the start would.
  const trial = createServer();
  await listen(trial, { bind: config.bind, port: number, section });
  await new Promise((resolve) => trial.close(resolve));
  return ok(`${number} is free`);
}

/** Returns the names of the Wi-Fi adapters. */
const wirelessOf = ({ tree }: Surroundings): string[] =>
  tree.list('/sys/class/net').filter((name) => ['wireless', 'phy80211'].some((part) => tree.list(`/sys/class/net/${name}`).includes(part)));

async function powerSaving(surroundings: Surroundings): Promise<Result> {
  const names = wirelessOf(surroundings);
  if (names.length === 0) return skipped('this machine has no Wi-Fi');
  const states: string[] = [];
  for (const name of names) {
    const said = /Power save: (on|off)/i.exec((await surroundings.tools.ask('iw', ['dev', name, 'get', 'power_save'])) ?? '')?.[1];
    if (said?.toLowerCase() === 'on')
      return warning(
        `${name} saves power: the picture stalls, and recorders do not find the camera at times`,
        `\`sudo iw dev ${name} set power_save off\` until the next start; for good: ` +
          "`printf '[connection]\\nwifi.powersave = 2\\n' | sudo tee /etc/NetworkManager/conf.d/wifi-powersave-off.conf`, then `sudo systemctl restart NetworkManager`",
      );
    if (said !== undefined) states.push(`${name}: off`);
  }
  return states.length > 0 ? ok(states.join(', ')) : skipped('`iw` does not tell (`sudo apt install iw`)');
}

/** Reads the signal from /proc/net/wireless, whose lines have interface, status, quality of the link, signal (dBm), … */
function signal(surroundings: Surroundings): Result {
  const levels = (surroundings.tree.text('/proc/net/wireless') ?? '').split('\n').flatMap((line) => {
    const [, name, level] = /^\s*(\S+):\s+\S+\s+\S+\s+(-\d+)/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, level: Number(level) }];
  });
  const [weakest] = levels.sort((a, b) => a.level - b.level);
  if (!weakest) return skipped('no Wi-Fi is joined');
  const seen = `${weakest.name}: ${weakest.level} dBm`;
  const fix =
    'Move the camera or the access point, use 2.4 GHz or a cable, or set a smaller picture and bit rate (camera.width, h264.bitrate).';
  if (weakest.level <= NO_SIGNAL) return failure(`${seen}, too weak for video`, fix);
  return weakest.level <= WEAK_SIGNAL ? warning(`${seen}, weak`, fix) : ok(seen);
}
