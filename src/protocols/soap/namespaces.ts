/** Versions of SOAP that clients speak; they are answered in kind. */
export type SoapVersion = '1.1' | '1.2';

/** Namespace of the envelope. */
export const ENVELOPE: Readonly<Record<SoapVersion, string>> = {
  '1.1': 'http://schemas.xmlsoap.org/soap/envelope/',
  '1.2': 'http://www.w3.org/2003/05/soap-envelope',
};

/** WS-Security 1.0 and its utilities. */
export const SECURITY = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
export const SECURITY_UTILITY = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd';

/** Where `xsi:nil` and `xsi:type` belong. */
export const XML_SCHEMA_INSTANCE = 'http://www.w3.org/2001/XMLSchema-instance';

/** Subcodes of faults, as the ONVIF Core Specification names them. */
export const ONVIF_ERROR = 'http://www.onvif.org/ver10/error';
