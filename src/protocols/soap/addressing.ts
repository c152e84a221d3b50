import { escapeXml } from '../xml/text.ts';

/** WS-Addressing 1.0, which ONVIF uses. */
const ADDRESSING_1_0 = 'http://www.w3.org/2005/08/addressing';
/** The submission of 2004, which WS-Discovery and some recorders use. */
const ADDRESSING_2004 = 'http://schemas.xmlsoap.org/ws/2004/08/addressing';

/** Namespaces of WS-Addressing that are understood. */
export const ADDRESSING: ReadonlySet<string> = new Set([ADDRESSING_1_0, ADDRESSING_2004]);

/** What a request says of itself and its answer (WS-Addressing 1.0 Core, section 3); each undefined where it is not said. */
export interface Addressing {
  /** Namespace of the headers, which the answer has as well. */
  readonly namespace: string | undefined;
  readonly messageId: string | undefined;
  readonly action: string | undefined;
  readonly to: string | undefined;
  /** Where the answer shall go. Ours goes back on the connection, whatever it says. */
  readonly replyTo: string | undefined;
}

/** Returns the Action of a fault (WS-Addressing 1.0 SOAP Binding, section 6; the submission, section 4). */
export const faultAction = ({ namespace = ADDRESSING_1_0 }: Addressing): string =>
  namespace === ADDRESSING_1_0 ? `${namespace}/soap/fault` : `${namespace}/fault`;

/** Returns the Header of an answer, with its Action and the request that it relates to, for an envelope whose prefix is `env`. */
export function addressingHeader(action: string, { namespace = ADDRESSING_1_0, messageId }: Addressing): string {
  const relatesTo = messageId === undefined ? '' : `<wsa:RelatesTo>${escapeXml(messageId)}</wsa:RelatesTo>`;
  return `<env:Header xmlns:wsa="${namespace}"><wsa:Action>${escapeXml(action)}</wsa:Action>${relatesTo}</env:Header>`;
}
