import { parseXml, type XmlElement } from './xml-tree.ts';

export const XSD = 'http://www.w3.org/2001/XMLSchema';
export const WSDL = 'http://schemas.xmlsoap.org/wsdl/';
export const SOAP12_BINDING = 'http://schemas.xmlsoap.org/wsdl/soap12/';

/** Names are written "{namespace}local" in all that follows. */
export interface Member {
  readonly kind: 'element' | 'attribute' | 'wildcard';
  /** Of a wildcard: its namespaces and how its content is checked. */
  readonly name: string;
  /** undefined: a type without a name, in `inline`. */
  readonly type: string | undefined;
  readonly inline: TypeModel | undefined;
  /** How often it occurs: an attribute 0 or 1 times, "unbounded" as Infinity. */
  readonly min: number;
  readonly max: number;
  /** default, fixed, nillable: as written. */
  readonly constraints: string;
}

export interface TypeModel {
  readonly kind: 'complex' | 'simple';
  /** The extended, restricted or listed type. */
  readonly base: string | undefined;
  /** Facets in order: "list", "enumeration=JPEG", "maxLength=64". */
  readonly facets: readonly string[];
  /** Elements in order, then attributes. */
  readonly members: readonly Member[];
}

export interface OperationModel {
  readonly name: string;
  readonly portType: string;
  /** "{namespace}message part {namespace}element" of input and output. */
  readonly input: string;
  readonly output: string;
  readonly binding: string;
  readonly soapAction: string | undefined;
  /** Style, transport and use: "document http://… literal literal". */
  readonly encoding: string;
}

export interface WsdlModel {
  /** Named types, and the types of global elements. */
  readonly types: ReadonlyMap<string, TypeModel>;
  readonly elements: ReadonlyMap<string, Member>;
  readonly operations: ReadonlyMap<string, OperationModel>;
  /** SOAP 1.2 ports of all services: "service port binding address". */
  readonly ports: readonly string[];
}

const children = (parent: XmlElement, namespace: string, name: string): XmlElement[] =>
  parent.children.filter((child) => child.namespace === namespace && child.name === name);

function only(parent: XmlElement, namespace: string, name: string): XmlElement {
  const found = children(parent, namespace, name);
  if (found.length !== 1) throw new Error(`${parent.name} has ${found.length} ${name}`);
  return found[0]!;
}

function needed(element: XmlElement, attribute: string): string {
  const value = element.attributes.get(attribute);
  if (value === undefined) throw new Error(`${element.name} has no ${attribute}`);
  return value;
}

const resolved = (element: XmlElement, attribute: string): string => element.resolve(needed(element, attribute));

/** The members of a sequence or of a type around them. Throws for what the model has no word for (choice, group, all, references). */
function membersOf(parent: XmlElement, schema: XmlElement): Member[] {
  const namespace = (kind: string, declaration: XmlElement) =>
    (declaration.attributes.get('form') ?? schema.attributes.get(`${kind}FormDefault`)) === 'qualified'
      ? needed(schema, 'targetNamespace')
      : '';
  return parent.children.flatMap((child): Member[] => {
    switch (child.name) {
      case 'annotation':
      case 'anyAttribute':
        return [];
      case 'sequence':
        if (child.attributes.size > 0) throw new Error('a sequence that repeats');
        return membersOf(child, schema);
      case 'element':
        return [memberOf(child, 'element', namespace('element', child), schema)];
      case 'attribute':
        return [memberOf(child, 'attribute', namespace('attribute', child), schema)];
      case 'any':
        return [
          {
            ...occurrence(child),
            kind: 'wildcard',
            name: `${child.attributes.get('namespace')} ${child.attributes.get('processContents')}`,
          },
        ];
      default:
        throw new Error(`${child.name} in ${parent.name} is not in the model`);
    }
  });
}

const occurrence = (element: XmlElement) => {
  const max = element.attributes.get('maxOccurs') ?? '1';
  return {
    type: undefined,
    inline: undefined,
    min: Number(element.attributes.get('minOccurs') ?? '1'),
    max: max === 'unbounded' ? Number.POSITIVE_INFINITY : Number(max),
    constraints: ['default', 'fixed', 'nillable'].map((name) => element.attributes.get(name) ?? '').join(' '),
  };
};

function memberOf(element: XmlElement, kind: 'element' | 'attribute', namespace: string, schema: XmlElement): Member {
  const type = element.attributes.has('type') ? resolved(element, 'type') : undefined;
  const inline = element.children.find((child) => child.name === 'complexType' || child.name === 'simpleType');
  return {
    ...occurrence(element),
    ...(kind === 'attribute' && { min: element.attributes.get('use') === 'required' ? 1 : 0 }),
    kind,
    name: `{${namespace}}${needed(element, 'name')}`,
    type,
    inline: inline && typeOf(inline, schema),
  };
}

function typeOf(element: XmlElement, schema: XmlElement): TypeModel {
  if (element.name === 'complexType') {
    const text = children(element, XSD, 'simpleContent')[0];
    const derived = text ?? children(element, XSD, 'complexContent')[0];
    const content = derived ? only(derived, XSD, 'extension') : element;
    const members = membersOf(content, schema);
    return {
      kind: 'complex',
      base: derived && resolved(content, 'base'),
      facets: text ? ['text'] : [],
      members: [...members.filter((member) => member.kind !== 'attribute'), ...members.filter((member) => member.kind === 'attribute')],
    };
  }
  const list = children(element, XSD, 'list')[0];
  if (list) return { kind: 'simple', base: resolved(list, 'itemType'), facets: ['list'], members: [] };
  const restriction = only(element, XSD, 'restriction');
  const facets = restriction.children.filter((child) => child.name !== 'annotation');
  return {
    kind: 'simple',
    base: resolved(restriction, 'base'),
    facets: facets.map((facet) => `${facet.name}=${needed(facet, 'value')}`),
    members: [],
  };
}

/** The schemas in a document: itself, or those in its types. */
export const schemasIn = (root: XmlElement): readonly XmlElement[] =>
  root.namespace === XSD ? [root] : children(root, WSDL, 'types').flatMap((types) => children(types, XSD, 'schema'));

function operationsOf(root: XmlElement): OperationModel[] {
  const target = needed(root, 'targetNamespace');
  const messages = new Map(
    children(root, WSDL, 'message').map((message) => {
      const name = `{${target}}${needed(message, 'name')}`;
      const part = only(message, WSDL, 'part');
      return [name, `${name} ${needed(part, 'name')} ${resolved(part, 'element')}`];
    }),
  );
  const messageOf = (operation: XmlElement, direction: string): string => {
    const name = resolved(only(operation, WSDL, direction), 'message');
    const message = messages.get(name);
    if (message === undefined) throw new Error(`there is no message ${name}`);
    return message;
  };
  return children(root, WSDL, 'binding').flatMap((binding) => {
    const transport = only(binding, SOAP12_BINDING, 'binding');
    const portType = children(root, WSDL, 'portType').find((one) => `{${target}}${needed(one, 'name')}` === resolved(binding, 'type'));
    if (!portType) throw new Error(`there is no port type ${resolved(binding, 'type')}`);
    const bound = new Map(children(binding, WSDL, 'operation').map((operation) => [needed(operation, 'name'), operation]));
    if (bound.size !== children(portType, WSDL, 'operation').length) throw new Error('binding and port type differ');
    return children(portType, WSDL, 'operation').map((operation) => {
      const name = needed(operation, 'name');
      const soap = bound.get(name);
      if (!soap) throw new Error(`${name} is not bound`);
      const use = (direction: string) => needed(only(only(soap, WSDL, direction), SOAP12_BINDING, 'body'), 'use');
      return {
        name,
        portType: resolved(binding, 'type'),
        input: messageOf(operation, 'input'),
        output: messageOf(operation, 'output'),
        binding: `{${target}}${needed(binding, 'name')}`,
        soapAction: only(soap, SOAP12_BINDING, 'operation').attributes.get('soapAction'),
        encoding: [needed(transport, 'style'), needed(transport, 'transport'), use('input'), use('output')].join(' '),
      };
    });
  });
}

const portsOf = (root: XmlElement): string[] =>
  children(root, WSDL, 'service').flatMap((service) =>
    children(service, WSDL, 'port').map((port) => {
      const address = needed(only(port, SOAP12_BINDING, 'address'), 'location');
      return [needed(service, 'name'), needed(port, 'name'), resolved(port, 'binding'), address].join(' ');
    }),
  );

/**
 * What WSDL and schema documents say together. With `wanted`, only the named types are read, and what they need: the model
 * has no word for some things that others contain. Throws for documents that contradict themselves.
 */
export function readWsdl(
  documents: readonly string[],
  wanted?: { readonly types: ReadonlySet<string>; readonly elements: ReadonlySet<string> },
): WsdlModel {
  const roots = documents.map(parseXml);
  const types = new Map<string, TypeModel>();
  const elements = new Map<string, Member>();
  for (const schema of roots.flatMap(schemasIn)) {
    const target = needed(schema, 'targetNamespace');
    for (const declaration of schema.children) {
      const name = `{${target}}${declaration.attributes.get('name')}`;
      const isType = declaration.name === 'complexType' || declaration.name === 'simpleType';
      if (isType && (wanted?.types.has(name) ?? true)) {
        if (types.has(name)) throw new Error(`${name} is declared twice`);
        types.set(name, typeOf(declaration, schema));
      }
      if (declaration.name === 'element' && (wanted?.elements.has(name) ?? true)) {
        if (elements.has(name)) throw new Error(`${name} is declared twice`);
        elements.set(name, memberOf(declaration, 'element', target, schema));
      }
    }
  }
  const definitions = roots.filter((root) => root.namespace === WSDL);
  return {
    types,
    elements,
    operations: new Map(definitions.flatMap(operationsOf).map((operation) => [operation.input.split(' ')[2]!, operation])),
    ports: definitions.flatMap(portsOf),
  };
}
