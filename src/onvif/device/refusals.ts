import { AppError } from '../../core/errors.ts';
import type { Machine } from '../../platform/machine.ts';
import { SoapFault } from '../../protocols/soap/fault.ts';
import { reasonOf } from '../refusal.ts';

/** Receiver / ActionNotSupported: a correct request for something this device does not do. */
export const notSupported = (reason: string): SoapFault => new SoapFault('Receiver', ['ActionNotSupported'], reason);

/** Sender / InvalidArgVal, where the specification has no subcode of its own for the value. */
export const invalidValue = (reason: string): SoapFault => new SoapFault('Sender', ['InvalidArgVal'], reason);

/** Makes a change; an AppError of it becomes the fault Receiver / Action. */
export const attempt = <T>(change: () => Promise<T>): Promise<T> => refusing(['Action'], change);

/** Makes a change of the machine; an AppError of it becomes Receiver / Action, or ActionNotSupported without `system.manage`. */
export const attemptOn = <T>(machine: Machine, change: () => Promise<T>): Promise<T> =>
  refusing([machine.managed ? 'Action' : 'ActionNotSupported'], change);

async function refusing<T>(subcodes: readonly string[], change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } catch (error) {
    throw error instanceof AppError ? new SoapFault('Receiver', subcodes, reasonOf(error)) : error;
  }
}
