import type { User } from '../auth/users.ts';
import type { Clock } from '../core/clock.ts';
import { AppError, messageOf } from '../core/errors.ts';
import { type Logger, LogThrottle } from '../core/log.ts';
import { type Addressing, addressingHeader, faultAction } from '../protocols/soap/addressing.ts';
import { contentTypeOf, statusOf, writeFault } from '../protocols/soap/envelope.ts';
import { refused, SoapFault } from '../protocols/soap/fault.ts';
import type { SoapHttpAnswer, SoapHttpRequest } from '../protocols/soap/http.ts';
import type { SoapVersion } from '../protocols/soap/namespaces.ts';
import { type Refusal, readRequest, type SoapRequest } from '../protocols/soap/request-reader.ts';
import type { Authorizer, Denial } from './authorizer.ts';
import { reasonOf } from './refusal.ts';
import type { Operation, RequestContext, Service } from './service.ts';
import { SoapService } from './soap-service.ts';
import { WsdlFiles } from './wsdl-files.ts';

/** What an {@link OnvifEndpoint} takes. */
export interface EndpointOptions {
  /** All services that are served. */
  readonly services: readonly Service[];
  /** Folder with the WSDL files. */
  readonly wsdlDir: string;
  readonly authorizer: Pick<Authorizer, 'decide' | 'ask'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Most requests that are remembered, and the longest, characters: recorders repeat the same few hundred characters for years. */
const MAX_KNOWN = 16;
const MAX_KNOWN_LENGTH = 2048;

interface Entry {
  readonly operation: Operation;
  readonly soap: SoapService;
}

/**
 * All ONVIF services in one handler of HTTP requests. The body alone says which operation is asked: path, Content-Type and SOAPAction
 * don't matter, since clients get them wrong. Constructing is inert; no sockets are opened.
 */
export class OnvifEndpoint {
  readonly #throttle: LogThrottle;
  #files: WsdlFiles | undefined;
  /** Operations by namespace and name, with a blank between them. */
  readonly #entries = new Map<string, Entry>();
  /** Requests that were read, by their text. */
  readonly #known = new Map<string, SoapRequest>();

  constructor(private readonly options: EndpointOptions) {
    this.#throttle = new LogThrottle(options.clock);
  }

  /** Reads the WSDL files. Throws an Error if one is missing or lacks an operation of its service's table. */
  async start(): Promise<void> {
    const { services, wsdlDir } = this.options;
    this.#files = await WsdlFiles.read(wsdlDir, services);
    for (const service of services) {
      const { file, text } = this.#files.of(service);
      const soap = await SoapService.open(service, text, file);
      for (const operation of service.operations)
        this.#entries.set(`${operation.namespace ?? service.namespace} ${operation.name}`, { operation, soap });
    }
  }

  /** Ends what the services do between requests. */
  stop(): void {
    for (const service of this.options.services) service.stop?.();
  }

  /** Answers any request. Never throws. */
  async handle(request: SoapHttpRequest): Promise<SoapHttpAnswer> {
    const { method, url, baseUrl, body } = request;
    if (method === 'GET' || method === 'HEAD') {
      const file = this.#files?.serve(url, baseUrl);
      if (file !== undefined) return { status: 200, headers: { 'Content-Type': 'text/xml; charset=utf-8' }, body: file };
    }
    if (method !== 'POST')
      return { status: 405, headers: { Allow: 'POST', 'Content-Type': 'text/plain; charset=utf-8' }, body: 'SOAP is spoken here: POST.\n' };
    if (body === undefined && request.authorization === undefined) {
      // Clients of HTTP Digest begin without a body (curl, gSOAP): they send it when they know the nonce.
      return answerDenial(this.options.authorizer.ask(), '1.2');
    }
    const soapRequest = this.#read(body ?? '');
    if ('fault' in soapRequest) return answerFault(soapRequest.fault, soapRequest.soapVersion);
    const { operation: asked, soapVersion } = soapRequest;
    const entry = this.#entries.get(`${asked.namespace} ${asked.localName}`);
    try {
      // Clients look for either wording to know that they can do without.
      if (!entry) throw new SoapFault('Receiver', ['ActionNotSupported'], `ActionNotSupported: ${asked.localName} is not implemented.`);
      const { maxRequest = Number.POSITIVE_INFINITY } = entry.operation;
      if ((body ?? '').length > maxRequest) throw refused(`${asked.localName} may have ${maxRequest} characters.`);
      return await this.#call(entry, soapRequest, request);
    } catch (error) {
      return answerFault(this.#faultOf(error, asked.localName), soapVersion, entry && faultHeader(entry.operation, soapRequest));
    }
  }

  /** Reads a request. The result depends on the text alone, and is remembered unless it holds credentials. */
  #read(text: string): SoapRequest | Refusal {
    const known = this.#known.get(text);
    if (known) return known;
    const request = readRequest(text);
    if ('fault' in request || request.token || text.length > MAX_KNOWN_LENGTH) return request;
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(text, request);
    return request;
  }

  async #call({ operation, soap }: Entry, soapRequest: SoapRequest, request: SoapHttpRequest): Promise<SoapHttpAnswer> {
    const { content, token, soapVersion, addressing } = soapRequest;
    const decision = await this.options.authorizer.decide(operation, request, token);
    if ('fault' in decision) {
      const isStranger = request.authorization === undefined && token === undefined;
      const other = isStranger ? operation.answerToStranger?.(soap.read(operation, content)) : undefined;
      if (other) throw other;
      return answerDenial(decision, soapVersion, faultHeader(operation, soapRequest));
    }
    const header = operation.responseAction === undefined ? '' : addressingHeader(operation.responseAction, addressing);
    const context = new CallContext(request, decision.user, soapRequest);
    const body = await soap.call(operation, content, context, soapVersion, header);
    return { status: 200, headers: { 'Content-Type': contentTypeOf(soapVersion) }, body };
  }

  /** Returns the fault for an error: a sentence made for people, never a stack. The log has the error itself. */
  #faultOf(error: unknown, operation: string): SoapFault {
    if (error instanceof SoapFault) return error;
    const known = error instanceof AppError;
    this.#throttle.log((fields) => this.options.log[known ? 'warn' : 'error'](`ONVIF ${operation}: ${messageOf(error)}`, fields));
    return new SoapFault('Receiver', ['Action'], known ? reasonOf(error) : `The camera failed to carry out ${operation}.`);
  }
}

/** The context of one call; what costs something is worked out only when it is asked for. */
class CallContext implements RequestContext {
  constructor(
    private readonly request: SoapHttpRequest,
    readonly user: User | undefined,
    private readonly soapRequest: SoapRequest,
  ) {}

  get addressing(): Addressing {
    return this.soapRequest.addressing;
  }

  get resolvePrefix(): SoapRequest['resolvePrefix'] {
    return this.soapRequest.resolvePrefix;
  }

  get remoteAddress(): string {
    return this.request.remoteAddress;
  }

  get addressUrl(): string {
    return this.request.addressUrl;
  }

  get baseUrl(): string {
    return this.request.baseUrl;
  }

  get host(): string {
    return this.request.host;
  }

  get path(): string {
    return this.request.url.replace(/^\/+/, '/').split('?', 1)[0]!;
  }

  /** A signal costs more than most answers: it is made for operations that wait. */
  get signal(): AbortSignal {
    return this.request.signal;
  }
}

const faultHeader = ({ responseAction }: Operation, { addressing }: SoapRequest): string =>
  responseAction === undefined ? '' : addressingHeader(faultAction(addressing), addressing);

/** @param header the Header element; empty: none */
const answerFault = (fault: SoapFault, soapVersion: SoapVersion, header = ''): SoapHttpAnswer => ({
  status: statusOf(fault, soapVersion),
  headers: { 'Content-Type': contentTypeOf(soapVersion) },
  body: writeFault(fault, soapVersion, header),
});

function answerDenial({ status, headers, fault }: Denial, soapVersion: SoapVersion, header = ''): SoapHttpAnswer {
  const answer = answerFault(fault, soapVersion, header);
  return { ...answer, status: status ?? answer.status, headers: { ...headers, ...answer.headers } };
}
