import { hostname } from 'node:os';
import { DescriptorReserve } from '../platform/descriptors.ts';
import { LocalNames, lanAddress } from '../platform/machine/local-names.ts';
import { type ConnectionBudget, connectionBudget, tightness } from '../servers/connection-budget.ts';
import { Arrivals } from '../servers/http/arrivals.ts';
import { SendQueues } from '../servers/send-queues.ts';
import type { AppOptions } from './options.ts';

/** What the servers share: limits of connections, and what is known of the addresses that clients come from and ask for. */
export interface Network {
  /** Name of this machine, without its domain. */
  readonly hostname: string;
  /** Keeps file descriptors for what is no connection of a client. */
  readonly descriptors: DescriptorReserve;
  /** Most connections of each server. */
  readonly budget: ConnectionBudget;
  /** Addresses of clients, behind proxies too, and the names under which they may ask. */
  readonly arrivals: Arrivals;
  /** The bytes that wait in the kernel for each viewer. */
  readonly queues: SendQueues;
}

/** Returns what the servers share. */
export function makeNetwork({ config, clock }: AppOptions): Network {
  const descriptors = new DescriptorReserve();
  const localNames = new LocalNames({ root: '/', clock });
  return {
    hostname: hostname().split('.')[0] ?? '',
    descriptors,
    budget: connectionBudget(descriptors.forOthers),
    queues: new SendQueues({ clock }),
    arrivals: new Arrivals({
      trustedProxies: config.http.trustedProxies,
      names: () => ({ ...localNames.read(), allowed: config.http.hosts }),
      ownAddress: () => (isLoopback(config.bind) ? undefined : lanAddress()),
    }),
  };
}

/** Returns whether a server that listens on `bind` can be reached from this machine alone, and so is not to be announced. */
export const isLoopback = (bind: string) => /^(127\.|::1$|localhost$)/.test(bind);

/** Returns a warning for the owner where the system allows few connections only; undefined where it allows enough. */
export const tightnessOf = (budget: ConnectionBudget): string | undefined => (budget.isTight ? tightness(budget) : undefined);
