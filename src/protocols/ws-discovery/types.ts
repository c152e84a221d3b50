import type { QName } from './message.ts';
import type { TypeName } from './names.ts';

/** Whether we are everything that is probed for. A name whose prefix was not declared is compared without its namespace. */
export const matchTypes = (probed: readonly QName[], ours: readonly TypeName[]): boolean =>
  probed.every(({ namespace, local }) =>
    ours.some((own) => own.local === local && (namespace === undefined || own.namespace === namespace)),
  );
