import { ADDRESSING, DISCOVERY, EVERYONE, SOAP } from '../../src/protocols/ws-discovery/names.ts';

const DN = 'http://www.onvif.org/ver10/network/wsdl';

/** Requests in the manner of the clients in the field. */
export const REQUESTS = {
  /** Prefixes of its own choice, several types, scopes and a rule. */
  probe: ({ id = 'urn:uuid:11111111-2222-4333-8444-555555555555', types = '', scopes = '', matchBy = '' } = {}) =>
    `<?xml version="1.0" encoding="utf-8"?>
<env:Envelope xmlns:env="${SOAP['1.2']}" xmlns:wsa="${ADDRESSING}" xmlns:wsd="${DISCOVERY}" xmlns:net="${DN}">
  <env:Header>
    <wsa:Action env:mustUnderstand="true">${DISCOVERY}/Probe</wsa:Action>
    <wsa:MessageID>${id}</wsa:MessageID>
    <wsa:To>${EVERYONE}</wsa:To>
  </env:Header>
  <env:Body><wsd:Probe><wsd:Types>${types}</wsd:Types><wsd:Scopes${matchBy && ` MatchBy="${matchBy}"`}>${scopes}</wsd:Scopes></wsd:Probe></env:Body>
</env:Envelope>`,
  /** Default namespaces throughout, no Types and Scopes at all. */
  bare: (id = 'uuid:bare') =>
    `<Envelope xmlns="${SOAP['1.2']}"><Header><MessageID xmlns="${ADDRESSING}">${id}</MessageID></Header><Body><Probe xmlns="${DISCOVERY}"/></Body></Envelope>`,
  /** As ZoneMinder's first try: SOAP 1.1, and a type whose prefix is declared nowhere. */
  soap11: (id = 'urn:uuid:soap11') =>
    `<SOAP-ENV:Envelope xmlns:SOAP-ENV="${SOAP['1.1']}"><SOAP-ENV:Header><Action xmlns="${ADDRESSING}">${DISCOVERY}/Probe</Action><MessageID xmlns="${ADDRESSING}">${id}</MessageID><To xmlns="${ADDRESSING}">${EVERYONE}</To></SOAP-ENV:Header><SOAP-ENV:Body><Probe xmlns="${DISCOVERY}"><Types>dn:NetworkVideoTransmitter</Types><Scopes></Scopes></Probe></SOAP-ENV:Body></SOAP-ENV:Envelope>`,
  resolve: (address: string, id = 'urn:uuid:resolve') =>
    `<s:Envelope xmlns:s="${SOAP['1.2']}" xmlns:a="${ADDRESSING}" xmlns:d="${DISCOVERY}"><s:Header><a:Action>${DISCOVERY}/Resolve</a:Action><a:MessageID>${id}</a:MessageID><a:To>${EVERYONE}</a:To></s:Header><s:Body><d:Resolve><a:EndpointReference><a:Address>${address}</a:Address></a:EndpointReference></d:Resolve></s:Body></s:Envelope>`,
} as const;
