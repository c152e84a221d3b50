import type { AccessClass } from '../auth/access.ts';
import type { User } from '../auth/users.ts';
import type { Addressing } from '../protocols/soap/addressing.ts';
import type { SoapFault } from '../protocols/soap/fault.ts';

/** What an operation knows of the request besides its arguments. */
export interface RequestContext {
  /** "http://192.168.1.5:8080": the address by which the client reached us, with which all URIs for it begin. */
  readonly baseUrl: string;
  /** The host of {@link baseUrl}: "192.168.1.5", "[fe80::1]". */
  readonly host: string;
  /** The user who asks; undefined for an operation that needs no login. */
  readonly user: User | undefined;
  /** {@link baseUrl} with our IP address in place of a name, for clients that cannot look that name up. */
  readonly addressUrl: string;
  /** IP address of the client. */
  readonly remoteAddress: string;
  /** The path that was asked, "/onvif/device_service": one slash in front, no query. */
  readonly path: string;
  /** Returns the namespace of a prefix in a text of the request; undefined: the prefix is not declared. */
  readonly resolvePrefix: (prefix: string) => string | undefined;
  /** The headers of WS-Addressing in the request. */
  readonly addressing: Addressing;
  /** Fires when the client has gone: nobody waits for the answer. */
  readonly signal: AbortSignal;
}

/**
 * The content of a request or response element, as the WSDL describes it: keys are element names in schema order, a repeated
 * element is an array, attributes stand in `attributes`, text beside attributes in `$value`. A request has strings, numbers
 * and booleans as its types say; a single element that could be repeated arrives without an array (see args.ts).
 */
export type SoapObject = { readonly [name: string]: unknown };

/** One operation of a service: its name, the access class it needs, and its handler. */
export interface Operation {
  /** "GetHostname": the request element's local name. */
  readonly name: string;
  /** Namespace of the request element; undefined: that of the service. */
  readonly namespace?: string;
  /** The access class of the Core Specification, which decides who may call it. */
  readonly access: AccessClass;
  /**
   * Returns the content of the response element, keys in schema order. Throws a SoapFault to refuse; anything else counts
   * as a fault of ours.
   */
  readonly handle: (request: SoapObject, context: RequestContext) => SoapObject | Promise<SoapObject>;
  /** Longest request, characters, where the operation waits: all of the request is kept meanwhile. Left out: that of any request. */
  readonly maxRequest?: number;
  /** wsa:Action of the response; where it is given, responses and faults have the headers of WS-Addressing. */
  readonly responseAction?: string;
  /** Returns the fault for a client without any credentials where NotAuthorized would mislead it; undefined: NotAuthorized it is. */
  readonly answerToStranger?: (request: SoapObject) => SoapFault | undefined;
}

/** One ONVIF service. An operation of its WSDL that is not in the table is answered with ActionNotSupported. */
export interface Service {
  /** File in wsdl/ without its ending: "device", "media". */
  readonly name: string;
  /** "http://www.onvif.org/ver10/device/wsdl": what the service is known by, and the namespace of operations that name no other. */
  readonly namespace: string;
  /** "/onvif/device_service" */
  readonly path: string;
  /** Version of the ONVIF specification the service follows, as in GetServices. */
  readonly version: { readonly major: number; readonly minor: number };
  /** The table of operations that are implemented. */
  readonly operations: readonly Operation[];
  /** Ends what the service does between requests. */
  readonly stop?: () => void;
}
