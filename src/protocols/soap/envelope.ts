import { escapeXml } from '../xml/text.ts';
import type { SoapFault } from './fault.ts';
import { ENVELOPE, ONVIF_ERROR, type SoapVersion } from './namespaces.ts';

const DECLARATION = '<?xml version="1.0" encoding="utf-8"?>';

/** The names of SOAP 1.2's codes in SOAP 1.1 (section 4.4.1). */
const CODES_11 = { VersionMismatch: 'VersionMismatch', MustUnderstand: 'MustUnderstand', Sender: 'Client', Receiver: 'Server' } as const;

/** Returns the Content-Type of an envelope. */
export const contentTypeOf = (version: SoapVersion): string =>
  version === '1.2' ? 'application/soap+xml; charset=utf-8' : 'text/xml; charset=utf-8';

/** Returns the HTTP status of a fault (SOAP 1.2 part 2, section 7.5.2.2); SOAP 1.1 (section 6.2) knows 500 alone. */
export const statusOf = (fault: SoapFault, version: SoapVersion): number => (version === '1.2' && fault.code === 'Sender' ? 400 : 500);

/** What stands in an envelope. */
export interface EnvelopeContent {
  /** Declarations of the namespaces of what is in it, as they stand in the tag, with a blank in front. */
  readonly namespaces: string;
  /** Its Header element; empty: none. */
  readonly header?: string;
  /** What is in its Body. */
  readonly body: string;
}

/** Returns the whole message. The prefix of the envelope is `env`. */
export const writeEnvelope = (version: SoapVersion, { namespaces, header = '', body }: EnvelopeContent): string =>
  `${DECLARATION}<env:Envelope xmlns:env="${ENVELOPE[version]}"${namespaces}>${header}<env:Body>${body}</env:Body></env:Envelope>`;

/** Returns the whole message that carries a fault. @param header its Header element; empty: none */
export function writeFault(fault: SoapFault, version: SoapVersion, header = ''): string {
  const content = version === '1.2' ? content12(fault) : content11(fault);
  return writeEnvelope(version, { namespaces: ` xmlns:ter="${ONVIF_ERROR}"`, header, body: `<env:Fault>${content}</env:Fault>` });
}

function content12({ code, subcodes, message, detail }: SoapFault): string {
  const nested = subcodes.reduceRight((inner, name) => `<env:Subcode><env:Value>ter:${name}</env:Value>${inner}</env:Subcode>`, '');
  return (
    `<env:Code><env:Value>env:${code}</env:Value>${nested}</env:Code>` +
    `<env:Reason><env:Text xml:lang="en">${escapeXml(message)}</env:Text></env:Reason>` +
    (detail === '' ? '' : `<env:Detail>${detail}</env:Detail>`)
  );
}

/** SOAP 1.1 has no subcodes: they go into the detail. */
function content11({ code, subcodes, message, detail }: SoapFault): string {
  const codes = subcodes.reduceRight((inner, name) => `<ter:${name}>${inner}</ter:${name}>`, '');
  return `<faultcode>env:${CODES_11[code]}</faultcode><faultstring>${escapeXml(message)}</faultstring><detail>${codes}${detail}</detail>`;
}
