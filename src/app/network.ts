import { hostname } from 'node:os';
import { DescriptorReserve } from '../platform/descriptors.ts';
import { LocalNames, lanAddress } from '../platform/machine/local-names.ts';
import { type ConnectionBudget, connectionBudget, tightness } from '../servers/connection-budget.ts';
import { Arrivals } from '../servers/http/arrivals.ts';
import { SendQueues } from '../servers/send-queues.ts';
import type { AppOptions } from './options.ts';

/** What the servers share: how many clients there is room for, and who comes from where. */
export interface Network {
  /** Name of this machine, without its domain. */
  readonly hostname: string;
  readonly descriptors: DescriptorReserve;
  readonly budget: ConnectionBudget;
  readonly arrivals: Arrivals;
  /** What waits in the kernel for viewers. */
  readonly queues: SendQueues;
}

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

/** Whether a server listens for this machine alone, and so is not to be announced to others. */
export const isLoopback = (bind: string) => /^(127\.|::1$|localhost$)/.test(bind);

/** Returns a warning for the owner where there is room for few clients only; undefined where there is enough. */
export const tightnessOf = (budget: ConnectionBudget): string | undefined => (budget.isTight ? tightness(budget) : undefined);
