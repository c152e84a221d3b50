import { AppError, type ErrorCode } from '../core/errors.ts';
import { invalidArgument, SoapFault } from '../protocols/soap/fault.ts';

/** Errors that say the value is at fault, not the machine. */
const BAD_VALUE: ReadonlySet<ErrorCode> = new Set(['SETTING_UNSUPPORTED', 'OPTION_INVALID', 'OPTION_UNKNOWN', 'CONFIG_INVALID']);

/** What happened and what to do next, as one reason. */
export const reasonOf = (error: AppError): string => `${error.message} ${error.hint}`;

/**
 * The fault for an AppError met while a change was made: Sender / InvalidArgVal / `subcode` where the value is at fault, else
 * Receiver / Action. Anything else stays as it is.
 */
export function refusalAs(subcode: string, error: unknown): unknown {
  if (!(error instanceof AppError)) return error;
  const reason = reasonOf(error);
  return BAD_VALUE.has(error.code) ? invalidArgument(subcode, reason) : new SoapFault('Receiver', ['Action'], reason);
}

/** Makes a change. Throws the fault of {@link refusalAs}. */
export function attempt<T>(subcode: string, change: () => T): T {
  try {
    return change();
  } catch (error) {
    throw refusalAs(subcode, error);
  }
}
