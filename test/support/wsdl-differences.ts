import type { Member, TypeModel, WsdlModel } from './wsdl-model.ts';

const local = (name: string): string => name.slice(name.indexOf('}') + 1);

const describeMember = ({ kind, name, type, min, max, constraints }: Member): string =>
  [kind, name, type ?? '(inline)', `${min}..${max}`, constraints.trim()].join(' ').trim();

/** Where a type says something else than its original, or leaves out what the original requires. */
function typeDifferences(where: string, ours: TypeModel, original: TypeModel): string[] {
  const found: string[] = [];
  if (ours.kind !== original.kind) found.push(`${where}: ${ours.kind}, originally ${original.kind}`);
  if (ours.base !== original.base) found.push(`${where}: based on ${ours.base}, originally ${original.base}`);
  if (ours.facets.join() !== original.facets.join()) found.push(`${where}: ${ours.facets.join()}, originally ${original.facets.join()}`);
  let last = -1;
  for (const member of ours.members) {
    const index = original.members.findIndex(
      ({ kind, name }, at) => kind === member.kind && name === member.name && (kind !== 'wildcard' || at > last),
    );
    const twin = original.members[index];
    if (!twin) {
      found.push(`${where}: ${member.kind} ${member.name} is not in the original`);
      continue;
    }
    // Attributes have no order.
    if (member.kind !== 'attribute') {
      if (index <= last) found.push(`${where}: ${local(member.name)} comes earlier in the original`);
      last = Math.max(last, index);
    }
    if (describeMember(member) !== describeMember(twin))
      found.push(`${where}: ${describeMember(member)}, originally ${describeMember(twin)}`);
    if (member.inline && twin.inline) found.push(...typeDifferences(`${where}/${local(member.name)}`, member.inline, twin.inline));
    if (!member.inline !== !twin.inline) found.push(`${where}/${local(member.name)}: an inline type on one side only`);
  }
  const here = new Set(ours.members.map(({ kind, name }) => `${kind} ${name}`));
  for (const { kind, name, min } of original.members) {
    if (min > 0 && !here.has(`${kind} ${name}`)) found.push(`${where}: ${kind} ${name} is required, but left out`);
  }
  return found;
}

/** Where our WSDL files differ from the originals, one line each. Optional parts, whole types and operations may be left out; nothing else may differ. */
export function wsdlDifferences(ours: WsdlModel, original: WsdlModel): string[] {
  const found: string[] = [];
  for (const [key, operation] of ours.operations) {
    const twin = original.operations.get(key);
    if (!twin) found.push(`operation ${key} is not in the original`);
    else if (JSON.stringify(operation) !== JSON.stringify(twin))
      found.push(`operation ${JSON.stringify(operation)}, originally ${JSON.stringify(twin)}`);
  }
  for (const [name, element] of ours.elements) {
    const twin = original.elements.get(name);
    if (!twin) found.push(`element ${name} is not in the original`);
    else if (describeMember(element) !== describeMember(twin)) found.push(`${describeMember(element)}, originally ${describeMember(twin)}`);
    else if (element.inline && twin.inline) found.push(...typeDifferences(name, element.inline, twin.inline));
  }
  for (const [name, type] of ours.types) {
    const twin = original.types.get(name);
    if (!twin) found.push(`type ${name} is not in the original`);
    else found.push(...typeDifferences(name, type, twin));
  }
  return found;
}

/** Every name that the declarations refer to: types of members, and what types are derived from. */
export function referredTypes(model: WsdlModel): Set<string> {
  const names = new Set<string>();
  const visit = (type: TypeModel): void => {
    if (type.base !== undefined) names.add(type.base);
    for (const member of type.members) visitMember(member);
  };
  const visitMember = (member: Member): void => {
    if (member.type !== undefined) names.add(member.type);
    if (member.inline) visit(member.inline);
  };
  for (const type of model.types.values()) visit(type);
  for (const element of model.elements.values()) visitMember(element);
  return names;
}
