/** Namespace of WS-Discovery (April 2005), the version that ONVIF prescribes (Core Specification, section 7). */
export const DISCOVERY = 'http://schemas.xmlsoap.org/ws/2005/04/discovery';
/** Namespace of WS-Addressing (August 2004), which that version of WS-Discovery builds on. */
export const ADDRESSING = 'http://schemas.xmlsoap.org/ws/2004/08/addressing';

/** Namespaces of the envelope. */
export const SOAP = { '1.1': 'http://schemas.xmlsoap.org/soap/envelope/', '1.2': 'http://www.w3.org/2003/05/soap-envelope' } as const;
/** Versions of SOAP: ZoneMinder and old clients probe in 1.1, and are answered in kind. */
export type SoapVersion = keyof typeof SOAP;

/** The To of a multicast message (WS-Discovery, section 4.1). */
export const EVERYONE = 'urn:schemas-xmlsoap-org:ws:2005:04:discovery';
/** The To of an answer: the asker. */
export const ANONYMOUS = `${ADDRESSING}/role/anonymous`;

/** A qualified name, with the prefix that it is written with. */
export interface TypeName {
  readonly prefix: string;
  readonly namespace: string;
  readonly local: string;
}

/** The types of an ONVIF camera: that of the Core Specification (section 7.3.2.1), and the older name that most clients ask for. */
export const ONVIF_TYPES: readonly TypeName[] = [
  { prefix: 'dn', namespace: 'http://www.onvif.org/ver10/network/wsdl', local: 'NetworkVideoTransmitter' },
  { prefix: 'tds', namespace: 'http://www.onvif.org/ver10/device/wsdl', local: 'Device' },
];
