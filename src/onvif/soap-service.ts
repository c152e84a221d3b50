import { WSDL } from 'soap';
import { NamespaceContext } from 'soap/lib/nscontext.js';
import { writeEnvelope } from '../protocols/soap/envelope.ts';
import { ENVELOPE, type SoapVersion } from '../protocols/soap/namespaces.ts';
import { toXmlText } from '../protocols/xml/text.ts';
import type { Operation, RequestContext, Service, SoapObject } from './service.ts';

/** What the library knows of the element of a request or response. */
interface Element {
  readonly $name: string;
  readonly targetNSAlias: string;
  readonly targetNamespace: string;
}

interface Message {
  readonly element?: Element;
}

interface Method {
  readonly input?: Element;
  readonly output?: Element;
}

/** The parts of the library's model of a WSDL that are used here. */
interface Definitions {
  readonly services: Readonly<Record<string, { readonly ports: Readonly<Record<string, { readonly binding: Binding }>> }>>;
  /** By their names, and by the local names of their elements: that is how the library finds how to read a request. */
  readonly messages: Record<string, Message>;
}

interface Binding {
  readonly methods: Readonly<Record<string, Method>>;
}

/** An operation and what was written for it last: clients that poll are told the same again and again. */
interface Bound {
  readonly operation: Operation;
  readonly input: Message;
  readonly output: Element;
  /** A request without arguments, as the request reader writes it. */
  readonly bare: string;
  last: { readonly key: string; readonly xml: string };
}

/**
 * One service in the library `soap`, which reads the arguments of a request by the WSDL and writes the response by it. Everything
 * around that (HTTP, checks, what is asked, the envelope, faults) is ours: see protocols/soap/request-reader.ts and endpoint.ts. Its WSDL may
 * have several ports, and messages in several namespaces.
 */
export class SoapService {
  #namespaces: NamespaceContext;
  readonly #bound: ReadonlyMap<Operation, Bound>;

  private constructor(
    private readonly wsdl: WSDL,
    service: Service,
  ) {
    this.#namespaces = this.#declaredNamespaces();
    // White space belongs to passwords; the request reader has removed what stands between elements.
    Object.assign(wsdl.options, { attributesKey: 'attributes', preserveWhitespace: true });
    rememberSchemaLookups(wsdl);
    this.#bound = new Map(service.operations.map((operation) => [operation, this.#bind(operation, service)]));
  }

  /**
   * Reads the WSDL and what it imports.
   *
   * @param file path of the WSDL
   * @throws Error if it cannot be read, or lacks an operation of the service's table
   */
  static async open(service: Service, xml: string, file: string): Promise<SoapService> {
    // Imports are found relative to the file.
    const wsdl = new WSDL(xml, file, { customDeserializer: DESERIALIZERS });
    // A failure is told to nobody without it.
    await new Promise<void>((resolve, reject) => wsdl.onReady((error) => (error ? reject(error) : resolve())));
    return new SoapService(wsdl, service);
  }

  /**
   * Calls an operation of the table.
   *
   * @param content the element in the Body, as the request reader wrote it
   * @param header Header element of the response; empty: none
   * @returns the response envelope
   * @throws what the operation threw
   */
  async call(operation: Operation, content: string, context: RequestContext, version: SoapVersion, header = ''): Promise<string> {
    const bound = this.#bound.get(operation)!;
    const body = this.#respond(bound, await operation.handle(this.read(operation, content), context));
    return writeEnvelope(version, { namespaces: ` ${this.wsdl.xmlnsInEnvelope}`, header, body });
  }

  /** The arguments of a request, as the operation gets them. */
  read(operation: Operation, content: string): SoapObject {
    const { bare, input } = this.#bound.get(operation)!;
    // Nothing to be read: the library would take a third of the time of a call.
    if (content === bare) return {};
    // Another namespace may have an element of this name.
    this.#definitions.messages[operation.name] = input;
    const { Body } = this.wsdl.xmlToObject(envelope(content)) as { Body: SoapObject };
    return argumentsOf(Object.values(Body)[0]);
  }

  get #definitions(): Definitions {
    return this.wsdl.definitions as unknown as Definitions;
  }

  /** @throws Error if the WSDL has no such operation */
  #bind(operation: Operation, service: Service): Bound {
    const { name, namespace = service.namespace } = operation;
    const { services, messages } = this.#definitions;
    const method = Object.values(services)
      .flatMap(({ ports }) => Object.values(ports))
      .flatMap(({ binding }) => Object.values(binding.methods))
      .find(({ input }) => input?.$name === name && input.targetNamespace === namespace);
    const input = method && Object.values(messages).find(({ element }) => element === method.input);
    if (!input || !method.output) throw new Error(`${service.name}.wsdl has no operation ${name} in ${namespace}`);
    return { operation, input, output: method.output, bare: `<${name}></${name}>`, last: { key: '', xml: '' } };
  }

  /** A response as XML. Writing takes most of the time of a call, so that what was written last is kept. */
  #respond(bound: Bound, response: SoapObject): string {
    const key = JSON.stringify(response);
    if (key !== bound.last.key) bound.last = { key, xml: this.#write(bound.output, response) };
    return bound.last.xml;
  }

  #write({ $name, targetNSAlias, targetNamespace }: Element, response: SoapObject): string {
    const type: unknown = this.wsdl.findSchemaObject(targetNamespace, $name);
    // The envelope declares the namespaces; without this the response element would once more.
    this.wsdl.options.overrideRootElement = { namespace: targetNSAlias, xmlnsAttributes: [] };
    try {
      const content = { [$name]: prepare(response) ?? {} };
      return toXmlText(this.wsdl.objectToXML(content, '', targetNSAlias, targetNamespace, true, null, type, this.#namespaces) as string);
    } catch (error) {
      this.#namespaces = this.#declaredNamespaces();
      throw error;
    }
  }

  /** What the envelope declares, so that no element declares it again. */
  #declaredNamespaces(): NamespaceContext {
    const context = new NamespaceContext();
    for (const [, prefix, uri] of this.wsdl.xmlnsInEnvelope.matchAll(/ xmlns:([^=]+)="([^"]*)"/g)) context.declareNamespace(prefix!, uri!);
    return context;
  }
}

/** With a prefix the library knows it by. */
const envelope = (content: string): string =>
  `<soap:Envelope xmlns:soap="${ENVELOPE['1.1']}"><soap:Body>${content}</soap:Body></soap:Envelope>`;

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
