import { SoapFault } from './fault.ts';

/** What is not XML, or not SOAP. */
export const malformed = (reason: string): SoapFault => new SoapFault('Sender', ['WellFormed'], reason);

/** What is XML, and yet not taken. */
export const refused = (reason: string): SoapFault => new SoapFault('Sender', ['InvalidArgs'], reason);
