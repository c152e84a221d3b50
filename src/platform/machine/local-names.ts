import { hostname as osHostname } from 'node:os';
import type { Clock } from '../../core/clock.ts';
import { machineInterfaces } from '../interfaces.ts';
import { parseResolvConf } from './net-files.ts';
import { Tree } from './tree.ts';

/** Milliseconds for which names hold: at boot, DHCP brings the domain after this program has started. */
const FRESH = 10_000;

/** The machine, and how it is asked. */
export interface LocalNamesOptions {
  /** Root of the file system: "/". */
  readonly root: string;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Returns the name that the kernel has for the machine; default: Node's `os.hostname`. */
  readonly hostname?: () => string;
}

/** Reads the machine's name, and the domains that its resolver searches. */
export class LocalNames {
  readonly #tree: Tree;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #hostname: () => string;
  #known: { readonly at: number; readonly hostname: string; readonly domains: readonly string[] } | undefined;

  constructor({ root, clock, hostname = osHostname }: LocalNamesOptions) {
    this.#tree = new Tree(root);
    this.#clock = clock;
    this.#hostname = hostname;
  }

  /** Returns the names, no older than {@link FRESH}. Never throws. */
  read(): { readonly hostname: string; readonly domains: readonly string[] } {
    const at = this.#clock.monotonic();
    if (!this.#known || at - this.#known.at >= FRESH) {
      this.#known = { at, hostname: this.#hostname(), domains: parseResolvConf(this.#tree.text('/etc/resolv.conf') ?? '').search };
    }
    return this.#known;
  }
}

/** Returns an IPv4 address by which others in the network reach this machine; undefined: it has none. Never throws. */
export const lanAddress = (): string | undefined =>
  Object.values(machineInterfaces.read())
    .flatMap((list) => list ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
