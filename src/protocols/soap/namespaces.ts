/** Versions of SOAP that clients speak; they are answered in kind. */
export type SoapVersion = '1.1' | '1.2';

/** Namespaces of the envelope. */
export const ENVELOPE: Readonly<Record<SoapVersion, string>> = {
  '1.1': 'http://schemas.xmlsoap.org/soap/envelope/',
  '1.2': 'http://www.w3.org/2003/05/soap-envelope',
};

/** Namespace of WS-Security 1.0. */
export const SECURITY = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
/** Namespace of the utilities of WS-Security 1.0. */
export const SECURITY_UTILITY = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd';

/** Namespace of `xsi:nil` and `xsi:type`. */
export const XML_SCHEMA_INSTANCE = 'http://www.w3.org/2001/XMLSchema-instance';

/** Namespace of the subcodes of faults in the ONVIF Core Specification. */
export const ONVIF_ERROR = 'http://www.onvif.org/ver10/error';
