import { isTree } from '../../../config/tree.js';
import { scalarProblem } from '../form/values.js';
import type { Value, ValueMap, WizardField } from './definition.js';
import type { Node } from './node.js';

/** The default of a field; of a list, objects by the names of its fields. */
export function readDefault(node: Node, field: WizardField): Value | undefined {
  if (node.isMissing) return undefined;
  if (field.type === 'group') {
    node.error('expected the defaults at the fields of the group');
    return undefined;
  }
  if (field.type === 'list') return node.items().map((item) => readItem(item, field));
  const scalar = node.scalar();
  if (scalar === undefined || scalar === '') return undefined;
  const isText = field.type === 'string' || field.type === 'multiline_text';
  const value = isText ? node.asText(scalar) : scalar;
  const problem = scalarProblem(field, value);
  if (problem !== undefined) node.error(`${problem}, found ${JSON.stringify(scalar)}`);
  return value;
}

function readItem(node: Node, list: WizardField): ValueMap {
  const item: ValueMap = {};
  if (!isTree(node.value)) node.expected('an object with the fields of the list');
  const fields = flat(list.item_template ?? []);
  node.only(fields.map(({ name }) => name));
  for (const field of fields) {
    const value = readDefault(node.at(field.name), field);
    if (value !== undefined) item[field.name] = value;
  }
  return item;
}

/** The fields with those of groups in their place. */
export function flat(fields: readonly WizardField[]): WizardField[] {
  return fields.flatMap((field) => (field.type === 'group' ? flat(field.item_template ?? []) : [field]));
}
