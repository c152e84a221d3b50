import { listen, type Server, type WSDL } from 'soap';
import { NamespaceContext } from 'soap/lib/nscontext.js';
import { ENVELOPE, type SoapVersion } from '../protocols/soap/namespaces.ts';
import { toXmlText } from '../protocols/xml/text.ts';
import type { Operation, RequestContext, Service, SoapObject } from './service.ts';

/** Prefix of the envelope in responses. */
const ENVELOPE_PREFIX = 'env';

/** One request on its way through the library: it hands `connection` on to the operation untouched. */
interface Call {
  readonly context: RequestContext;
  /** Whether the operation was reached. */
  reached: boolean;
  failure: { readonly error: unknown } | undefined;
}

/** What the library knows of an operation's response. */
interface Output {
  readonly $name: string;
  readonly targetNSAlias: string;
  readonly targetNamespace: string;
}

/** An operation and what was written for it last: clients that poll are told the same again and again. */
interface Bound {
  readonly operation: Operation;
  readonly output: Output;
  last: { readonly key: string; readonly xml: string };
  /** What the library puts around the response, once it has answered a request. */
  envelope: readonly [before: string, after: string] | undefined;
}

/** The parts of the library's model of a WSDL that are used here. */
interface Definitions {
  readonly services: Readonly<Record<string, { readonly ports: Readonly<Record<string, { readonly binding: Binding }>> }>>;
}

interface Binding {
  readonly methods: Readonly<Record<string, { readonly output?: Output }>>;
  readonly topElements: Readonly<Record<string, { readonly methodName: string }>>;
}

/**
 * One service in the library `soap`, which finds the operation of a request, reads its arguments by the WSDL and writes the
 * response by it. Everything around that (HTTP, checks, faults) is ours: see protocols/soap/gate.ts and endpoint.ts.
 */
export class SoapService {
  readonly #server: Server;
  readonly #wsdl: WSDL;
  #namespaces: NamespaceContext;
  /** By the content of a request without arguments, as the gate writes it. */
  readonly #bare = new Map<string, Bound>();

  private constructor(server: Server, service: Service) {
    this.#server = server;
    this.#wsdl = (server as unknown as { wsdl: WSDL }).wsdl;
    this.#namespaces = this.#declaredNamespaces();
    // White space belongs to passwords; the gate has removed what stands between elements.
    (this.#wsdl.options as { preserveWhitespace?: boolean }).preserveWhitespace = true;
    rememberSchemaLookups(this.#wsdl);
    server.services = this.#methods(service);
  }

  /**
   * Reads the WSDL and what it imports.
   *
   * @param file path of the WSDL
   * @throws Error if it cannot be read, or lacks an operation of the service's table
   */
  static async open(service: Service, xml: string, file: string): Promise<SoapService> {
    const server = await new Promise<Server>((resolve, reject) => {
      listen(
        null as never,
        {
          path: service.path,
          services: {},
          xml,
          // Imports are found relative to it.
          uri: file,
          envelopeKey: ENVELOPE_PREFIX,
          forceSoap12Headers: true,
          suppressStack: true,
          enableChunkedEncoding: false,
          customDeserializer: DESERIALIZERS,
          // A failure is told to nobody without it.
          callback: (error: unknown, ready: Server) => (error ? reject(error) : resolve(ready)),
        } as Parameters<typeof listen>[1] & object,
      );
    });
    return new SoapService(server, service);
  }

  /**
   * Calls an operation of the table.
   *
   * @param content the element in the Body, as the gate wrote it
   * @returns the response envelope
   * @throws what the operation threw
   */
  async call(content: string, context: RequestContext, soapVersion: SoapVersion): Promise<string> {
    const bare = this.#bare.get(content);
    const body = bare?.envelope
      ? // Nothing to be read, and what goes around the response is known: the library would take a third of the time of a call.
        bare.envelope.join(this.#respond(bare, await bare.operation.handle({}, context)))
      : await this.#process(content, context);
    if (bare) bare.envelope ??= around(body, bare.last.xml);
    return soapVersion === '1.2' ? body : body.replace(ENVELOPE['1.2'], ENVELOPE['1.1']);
  }

  /** One request through the library. */
  async #process(content: string, context: RequestContext): Promise<string> {
    const call: Call = { context, reached: false, failure: undefined };
    // Without headers: a SOAPAction could name another operation than the Body.
    const { body } = await this.#server.processRequest(envelope(content), { headers: {}, connection: call });
    if (call.failure) throw call.failure.error;
    if (!call.reached) throw new Error(`the SOAP library refused a request: ${body.slice(0, 200)}`);
    return body;
  }

  /** The arguments of a request, as the operation would get them. */
  read(content: string): SoapObject {
    const { Body } = this.#wsdl.xmlToObject(envelope(content)) as { Body: SoapObject };
    return argumentsOf(Object.values(Body)[0]);
  }

  /** What the library calls, by the names of service, port and method in the WSDL. */
  #methods(service: Service): Server['services'] {
    const definitions = this.#wsdl.definitions as unknown as Definitions;
    const [serviceName, { ports }] = Object.entries(definitions.services)[0]!;
    const [portName, { binding }] = Object.entries(ports)[0]!;
    const methods = service.operations.map((operation) => {
      const methodName = binding.topElements[operation.name]?.methodName;
      const output = methodName === undefined ? undefined : binding.methods[methodName]?.output;
      if (methodName === undefined || !output) throw new Error(`${service.name}.wsdl has no operation ${operation.name}`);
      // The envelope declares the namespaces; without this the response element would once more.
      this.#wsdl.options.overrideRootElement = { namespace: output.targetNSAlias, xmlnsAttributes: [] };
      const bound: Bound = { operation, output, last: { key: '', xml: '' }, envelope: undefined };
      this.#bare.set(`<${operation.name}></${operation.name}>`, bound);
      return [methodName, this.#method(bound)] as const;
    });
    return { [serviceName]: { [portName]: Object.fromEntries(methods) } };
  }

  /**
   * An operation as the library calls it. It never fails, since the library makes an unhandled rejection of some errors and
   * a stack trace of others; and it hands over text, since the library's own writing leaves the types of the schema out.
   */
  #method(bound: Bound): (args: unknown, callback: unknown, headers: unknown, request: unknown) => Promise<object> {
    return async (args, _callback, _headers, request) => {
      const call = (request as { connection: Call }).connection;
      call.reached = true;
      try {
        return { _xml: this.#respond(bound, await bound.operation.handle(argumentsOf(args), call.context)) };
      } catch (error) {
        call.failure = { error };
        return {};
      }
    };
  }

  /** A response as XML. Writing takes most of the time of a call, so that what was written last is kept. */
  #respond(bound: Bound, response: SoapObject): string {
    const key = JSON.stringify(response);
    if (key !== bound.last.key) bound.last = { key, xml: this.#write(bound.output, response) };
    return bound.last.xml;
  }

  #write({ $name, targetNSAlias, targetNamespace }: Output, response: SoapObject): string {
    const type: unknown = this.#wsdl.findSchemaObject(targetNamespace, $name);
    try {
      const content = { [$name]: prepare(response) ?? {} };
      return toXmlText(this.#wsdl.objectToXML(content, '', targetNSAlias, targetNamespace, true, null, type, this.#namespaces) as string);
    } catch (error) {
      this.#namespaces = this.#declaredNamespaces();
      throw error;
    }
  }

  /** What the envelope declares, so that no element declares it again. */
  #declaredNamespaces(): NamespaceContext {
    const context = new NamespaceContext();
    for (const [, prefix, uri] of this.#wsdl.xmlnsInEnvelope.matchAll(/ xmlns:([^=]+)="([^"]*)"/g)) context.declareNamespace(prefix!, uri!);
    return context;
  }
}

/** With a prefix the library knows it by. */
const envelope = (content: string): string =>
  `<soap:Envelope xmlns:soap="${ENVELOPE['1.1']}"><soap:Body>${content}</soap:Body></soap:Envelope>`;

/** What stands before and after a part of a text; undefined if it is not in it. */
function around(text: string, part: string): [before: string, after: string] | undefined {
  const at = part === '' ? -1 : text.indexOf(part);
  return at < 0 ? undefined : [text.slice(0, at), text.slice(at + part.length)];
}

/** An element without children arrives as null, or as its text. */
const argumentsOf = (args: unknown): SoapObject => (typeof args === 'object' && args !== null ? (args as SoapObject) : {});

/** Text to number or boolean; text that is none stays, so that who reads it can refuse it. */
const toNumber = (text: string): unknown => (/^[+-]?\d{1,15}$/.test(text) ? Number(text) : text);
const toDecimal = (text: string): unknown => (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : text);
const toBoolean = (text: string): unknown => (text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : text);
const asIs = (text: string): unknown => text;

/** By type of XML Schema. The library's own turn "12abc" into 12 and "maybe" into false. */
const DESERIALIZERS = {
  int: toNumber,
  integer: toNumber,
  long: toNumber,
  short: toNumber,
  float: toDecimal,
  double: toDecimal,
  decimal: toDecimal,
  boolean: toBoolean,
  dateTime: asIs,
  date: asIs,
};

/** The response without what the library would write wrongly: null, undefined, and text that looks like a CDATA section. */
function prepare(value: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  // It would pass without being escaped.
  if (typeof value === 'string') return value.startsWith('<![CDATA[') ? ` ${value}` : value;
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(prepare).filter((item) => item !== undefined);
  const result: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) {
    const prepared = prepare(item);
    if (prepared !== undefined) result[name] = prepared;
  }
  return result;
}

/** The library looks the type of every element up anew, through all levels of the schema: most of the time a response takes. */
function rememberSchemaLookups(wsdl: WSDL): void {
  const find = wsdl.findChildSchemaObject.bind(wsdl);
  const known = new WeakMap<object, Map<string, unknown>>();
  wsdl.findChildSchemaObject = (parent: object | null | undefined, name: string, path?: unknown): unknown => {
    if (!parent || path !== undefined) return find(parent, name, path);
    let children = known.get(parent);
    if (!children) {
      children = new Map();
      known.set(parent, children);
    }
    if (!children.has(name)) children.set(name, find(parent, name));
    return children.get(name);
  };
}
