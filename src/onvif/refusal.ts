import { AppError, type ErrorCode } from '../core/errors.ts';
import { invalidArgument, SoapFault } from '../protocols/soap/fault.ts';

/** Errors by which the value is at fault, not the machine. */
const BAD_VALUE: ReadonlySet<ErrorCode> = new Set(['SETTING_UNSUPPORTED', 'OPTION_INVALID', 'OPTION_UNKNOWN', 'CONFIG_INVALID']);

/** Returns what happened and what to do next as the reason of a fault. */
export const reasonOf = (error: AppError): string => `${error.message} ${error.hint}`;

/**
 * Returns the fault for an AppError that refused a change: Sender / InvalidArgVal / `subcode` where the value is at fault, else
 * Receiver / Action. Any other error is returned as it is.
 */
export function refusalAs(subcode: string, error: unknown): unknown {
  if (!(error instanceof AppError)) return error;
  const reason = reasonOf(error);
  return BAD_VALUE.has(error.code) ? invalidArgument(subcode, reason) : new SoapFault('Receiver', ['Action'], reason);
}

/** Makes a change; an AppError of it becomes the fault of {@link refusalAs}. */
export function attempt<T>(subcode: string, change: () => T): T {
  try {
    return change();
  } catch (error) {
    throw refusalAs(subcode, error);
  }
}
