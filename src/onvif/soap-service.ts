import { WSDL } from 'soap';
import { NamespaceContext } from 'soap/lib/nscontext.js';
import type { MessageElement, OutputElement } from 'soap/lib/wsdl/elements.js';
import { writeEnvelope } from '../protocols/soap/envelope.ts';
import { ENVELOPE, type SoapVersion } from '../protocols/soap/namespaces.ts';
import { toXmlText } from '../protocols/xml/text.ts';
import type { Operation, RequestContext, Service, SoapObject } from './service.ts';

/** The element of a response in the library's model, as it stands in the WSDLs of ONVIF. */
type ResponseElement = Required<Pick<OutputElement, '$name' | 'targetNSAlias' | 'targetNamespace'>>;

const isResponseElement = (element: Partial<ResponseElement> | undefined): element is ResponseElement =>
  element?.$name !== undefined && element.targetNSAlias !== undefined && element.targetNamespace !== undefined;

/** An operation and the response written for it last: clients that poll get the same again and again. */
interface Bound {
  readonly operation: Operation;
  readonly input: MessageElement;
  readonly output: ResponseElement;
  /** A request without arguments, as the request reader writes it. */
  readonly bare: string;
  last: { readonly key: string; readonly xml: string };
}

/**
 * One service in the library `soap`, which reads arguments and writes responses by the WSDL. Everything around that (HTTP, checks,
 * the choice of the operation, the envelope, faults) is ours: see protocols/soap/request-reader.ts and endpoint.ts. The WSDL may have
 * several ports, and messages in several namespaces.
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
    // Without a callback, a failure is lost.
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

  /**
   * Returns the arguments of a request as the operation gets them.
   * @param content the element in the Body, as the request reader wrote it
   */
  read(operation: Operation, content: string): SoapObject {
    const { bare, input } = this.#bound.get(operation)!;
    // Nothing to be read: the library would take a third of the time of a call.
    if (content === bare) return {};
    // Another namespace may have an element of this name.
    this.wsdl.definitions.messages[operation.name] = input;
    const { Body } = this.wsdl.xmlToObject(envelope(content)) as { Body: SoapObject };
    return argumentsOf(Object.values(Body)[0]);
  }

  /** @throws Error if the WSDL has no such operation */
  #bind(operation: Operation, service: Service): Bound {
    const { name, namespace = service.namespace } = operation;
    const { services, messages } = this.wsdl.definitions;
    const method = Object.values(services)
      .flatMap(({ ports }) => Object.values(ports))
      .flatMap(({ binding }) => Object.values(binding.methods))
      .find(({ input }) => input?.$name === name && input.targetNamespace === namespace);
    // By now that is the message's element, which the library's types don't say.
    const input = method && Object.values(messages).find(({ element }) => Object.is(element, method.input));
    if (!input || !isResponseElement(method.output)) throw new Error(`${service.name}.wsdl has no operation ${name} in ${namespace}`);
    return { operation, input, output: method.output, bare: `<${name}></${name}>`, last: { key: '', xml: '' } };
  }

  /** Returns a response as XML. Writing takes most of the time of a call: the last one is kept, and taken again for the same content. */
  #respond(bound: Bound, response: SoapObject): string {
    const key = JSON.stringify(response);
    if (key !== bound.last.key) bound.last = { key, xml: this.#write(bound.output, response) };
    return bound.last.xml;
  }

  #write({ $name, targetNSAlias, targetNamespace }: ResponseElement, response: SoapObject): string {
    const type: unknown = this.wsdl.findSchemaObject(targetNamespace, $name);
    // The envelope declares the namespaces; without this, the response element would declare them again.
    this.wsdl.options.overrideRootElement = { namespace: targetNSAlias, xmlnsAttributes: [] };
    try {
      const content = { [$name]: prepare(response) ?? {} };
      return toXmlText(this.wsdl.objectToXML(content, '', targetNSAlias, targetNamespace, true, null, type, this.#namespaces) as string);
    } catch (error) {
      this.#namespaces = this.#declaredNamespaces();
      throw error;
    }
  }

  /** The namespaces that the envelope declares, so that no element declares them again. */
  #declaredNamespaces(): NamespaceContext {
    const context = new NamespaceContext();
    for (const [, prefix, uri] of this.wsdl.xmlnsInEnvelope.matchAll(/ xmlns:([^=]+)="([^"]*)"/g)) context.declareNamespace(prefix!, uri!);
    return context;
  }
}

/** An envelope around an element, with the prefix by which the library knows it. */
const envelope = (content: string): string =>
  `<soap:Envelope xmlns:soap="${ENVELOPE['1.1']}"><soap:Body>${content}</soap:Body></soap:Envelope>`;

/** An element without children arrives as null, or as its text. */
const argumentsOf = (args: unknown): SoapObject => (typeof args === 'object' && args !== null ? (args as SoapObject) : {});

/** Text that is no number or boolean stays text: its reader (args.ts) refuses it by name. */
const toNumber = (text: string): unknown => (/^[+-]?\d{1,15}$/.test(text) ? Number(text) : text);
/** Each digit can be read in one way only, or long ones would take a time that grows with their square. */
const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
const toDecimal = (text: string): unknown => (DECIMAL.test(text) ? Number(text) : text);
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

/** Returns a response without what the library would write wrongly: null, undefined, and text that looks like a CDATA section. */
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

/** Makes the library remember the type of an element: looking it up through all levels of the schema is most of the cost of a response. */
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
