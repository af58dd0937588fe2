import { nearest } from '../../../config/nearest.js';
import { isSame, scalarProblem } from '../form/values.js';
import type { Condition, Scalar, WizardField } from './definition.js';
import type { Node } from './node.js';
import type { Scope } from './scope.js';

/** What must hold for a field to be shown: `{ entries: [ … ] }`, or the list alone. */
export function readConditions(node: Node, scope: Scope): Condition[] {
  if (node.isMissing) return [];
  if (!Array.isArray(node.value)) node.only(['entries']);
  const list = Array.isArray(node.value) ? node : node.at('entries');
  if (list.isMissing) list.error('expected a list of { name, value }, found nothing');
  return list.items().flatMap((item) => readCondition(item, scope) ?? []);
}

function readCondition(node: Node, scope: Scope): Condition | undefined {
  node.only(['name', 'value']);
  const name = node.at('name').requiredText();
  const field = name === '' ? undefined : earlierField(node.at('name'), name, scope);
  const value = node.at('value').scalar();
  if (value === undefined) {
    if (node.at('value').isMissing)
      node.at('value').error('expected the value that the field must have, found none');
    return undefined;
  }
  if (field === undefined) return undefined;
  checkPossible(node.at('value'), field, value);
  return { name, value };
}

/** The field that another one depends on. What is wrong with it is noted. */
function earlierField(node: Node, name: string, scope: Scope): WizardField | undefined {
  const field = scope.earlier(name);
  if (field === undefined) {
    const isLater = scope.named(name) !== undefined;
    const meant = nearest(name, scope.names);
    const hint = meant === undefined ? '' : `; "${meant}" may be meant`;
    node.error(
      isLater
        ? `expected a field that comes earlier in the form, "${name}" comes later`
        : `expected a field that comes earlier in the form, there is no field "${name}"${hint}`,
    );
    return undefined;
  }
  if (field.type !== 'group' && field.type !== 'list') return field;
  node.error(`expected a field with one value, "${name}" is a ${field.type}`);
  return undefined;
}

/** A condition that can never hold is a mistake. Numbers and booleans count as their texts, with quotes and without. */
function checkPossible(node: Node, field: WizardField, value: Scalar): void {
  const problem = scalarProblem(field, asTyped(field, value));
  if (problem !== undefined) node.error(`${problem}, as "${field.name}" has, found ${JSON.stringify(value)}`);
}

function asTyped({ type, choices }: WizardField, value: Scalar): Scalar {
  if (type === 'string' || type === 'multiline_text') return String(value);
  if (Array.isArray(choices)) return choices.find((choice) => isSame(choice, value)) ?? value;
  if (typeof value !== 'string' || value.trim() === '') return value;
  if (type === 'checkbox') return [true, false].find((flag) => isSame(flag, value)) ?? value;
  return type === 'integer' || type === 'float' ? Number(value) : value;
}

/** A default that depends on an earlier field. */
export function readConditionalDefault(
  node: Node,
  field: WizardField,
  scope: Scope,
): WizardField['default_conditional_on'] {
  if (node.isMissing) return undefined;
  if (field.type === 'group' || field.type === 'list') {
    node.error(
      `expected no default by a field in a field of type ${field.type}; fields with one value have them`,
    );
    return undefined;
  }
  node.only(['name', 'value']);
  const name = node.at('name').requiredText();
  if (name === '') return undefined;
  const circle = circleFrom(field.name, name, scope);
  if (circle !== undefined) {
    node
      .at('name')
      .error(
        `expected an end of the defaults that depend on each other, found a circle: ${circle.join(' → ')}`,
      );
    return undefined;
  }
  const by = earlierField(node.at('name'), name, scope);
  const rows = node.at('value').members();
  if (rows.length === 0) node.at('value').error('expected a default for each value of the field, found none');
  if (by === undefined) return undefined;
  const value: Record<string, Scalar> = {};
  for (const [key, inner] of rows) {
    checkKey(inner, by, key);
    const scalar = inner.scalar();
    const problem = scalar === undefined ? undefined : scalarProblem(field, scalar);
    if (problem !== undefined) inner.error(`${problem}, found ${JSON.stringify(scalar)}`);
    else if (scalar !== undefined) value[key] = scalar;
  }
  return { name, value };
}

/** A key that the field can never have as its value is a mistake. */
function checkKey(node: Node, { type, name, choices }: WizardField, key: string): void {
  const fixed = Array.isArray(choices) ? choices.map(String) : undefined;
  if (fixed !== undefined && !fixed.includes(key)) {
    const meant = nearest(key, fixed);
    node.error(`"${key}" is no choice of "${name}"${meant === undefined ? '' : `; "${meant}" may be meant`}`);
  }
  if (type === 'checkbox' && !/^(true|false)$/i.test(key))
    node.error(`"${key}" is no value of the checkbox "${name}"; true and false are`);
}

/** The names from a field over what its default depends on, back to the field. */
function circleFrom(start: string, next: string, scope: Scope): string[] | undefined {
  const names = [start];
  for (let name = next; ; ) {
    if (name === start) return [...names, start];
    if (names.includes(name)) return undefined;
    names.push(name);
    const further = scope.named(name)?.at('default_conditional_on').at('name').value;
    if (typeof further !== 'string') return undefined;
    name = further;
  }
}
