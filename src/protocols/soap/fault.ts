/** Top-level fault codes of SOAP 1.2 (section 5.4.6). */
export type FaultCode = 'VersionMismatch' | 'MustUnderstand' | 'Sender' | 'Receiver';

/**
 * A SOAP fault to be sent. Subcodes are nested, outermost first, as the ONVIF Core Specification lists them for each
 * command: `new SoapFault('Sender', ['InvalidArgVal', 'NoProfile'], 'There is no profile "x".')`; their prefix is `ter`.
 */
export class SoapFault extends Error {
  override readonly name = 'SoapFault';

  constructor(
    readonly code: FaultCode,
    readonly subcodes: readonly string[],
    reason: string,
    /** Content of its Detail element, with its own declarations of namespaces; empty: none. */
    readonly detail = '',
  ) {
    super(reason);
  }
}

/** Returns the usual refusal of a value: Sender / InvalidArgVal / `subcode`. @param reason a sentence for people */
export const invalidArgument = (subcode: string, reason: string): SoapFault => new SoapFault('Sender', ['InvalidArgVal', subcode], reason);

/** Returns the refusal of what is not XML, or not SOAP: Sender / WellFormed. */
export const malformed = (reason: string): SoapFault => new SoapFault('Sender', ['WellFormed'], reason);

/** Returns the refusal of what is XML and yet not taken: Sender / InvalidArgs. */
export const refused = (reason: string): SoapFault => new SoapFault('Sender', ['InvalidArgs'], reason);
