import { nearest } from '../../../config/nearest.js';
import {
  type Condition,
  FIELD_TYPES,
  type FieldType,
  type Target,
  type Value,
  type WizardField,
} from './definition.js';
import type { Node } from './node.js';
import { readChoices } from './read-choices.js';
import { readConditionalDefault, readConditions } from './read-conditions.js';
import { flat, readDefault } from './read-default.js';
import { readTarget } from './read-target.js';
import { REFERENCE } from './reference.js';
import { Scope } from './scope.js';

const KNOWN = [
  'name',
  'title',
  'info',
  'type',
  'required',
  'default',
  'placeholder',
  'collapsible',
  'collapsibleTitleTemplate',
  'conditional',
  'default_conditional_on',
  'autocomplete',
  'choices',
  'target',
  'item_template',
];

const NAME = /^[A-Za-z_][\w.-]{0,99}$/;
/** Fields next to each other. */
const MAX_FIELDS = 300;
/** Groups and lists in each other. */
const MAX_DEPTH = 5;

/** The section `wizard`. */
export function readWizard(node: Node): WizardField[] {
  node.only(['entries']);
  const entries = node.at('entries');
  return readFields(entries, new Scope(entries), { isList: false, depth: 0 });
}

interface Within {
  /** Of a list: values are in the list's own target. */
  isList: boolean;
  depth: number;
}

function readFields(node: Node, scope: Scope, within: Within): WizardField[] {
  const items = node.items();
  if (items.length > MAX_FIELDS) node.error(`expected at most ${MAX_FIELDS} fields, found ${items.length}`);
  return items.slice(0, MAX_FIELDS).flatMap((item) => readField(item, scope, within) ?? []);
}

function readField(node: Node, scope: Scope, within: Within): WizardField | undefined {
  node.only(KNOWN);
  const name = readName(node.at('name'), scope);
  if (node.at('type').isMissing) node.at('type').expected(`one of ${FIELD_TYPES.join(', ')}`);
  const type = node.at('type').oneOf(FIELD_TYPES);
  if (type === undefined) return undefined;
  // Before the fields of a group: it is hidden with them, so it cannot depend on them.
  const conditions: Condition[] = readConditions(node.at('conditional'), scope);
  const base = {
    name,
    type,
    ...readTexts(node),
    ...readFlags(node),
    ...readInner(node, type, scope, within),
  };
  const field: WizardField = { ...base, conditional: conditions };
  checkTitleTemplate(node, field, scope);
  const target = targetOf(node, field, within);
  if (target !== undefined) field.target = target;
  const value: Value | undefined = readDefault(node.at('default'), field);
  if (value !== undefined) field.default = value;
  const by = readConditionalDefault(node.at('default_conditional_on'), field, scope);
  if (by !== undefined) field.default_conditional_on = by;
  scope.add(field);
  return field;
}

function readName(node: Node, scope: Scope): string {
  const name = node.requiredText();
  if (name === '') return name;
  if (!NAME.test(name) || ['constructor', 'prototype', '__proto__'].includes(name))
    node.expected('a name of letters, digits, "_", "-" and "."');
  if (scope.has(name)) node.error(`expected each name once, "${name}" is the name of an earlier field, too`);
  return name;
}

function readTexts(node: Node) {
  const optional = ['info', 'placeholder', 'collapsibleTitleTemplate'] as const;
  const given = optional.map((name) => [name, node.at(name).text()] as const);
  return {
    title: node.at('title').text() ?? node.at('name').text() ?? '',
    ...Object.fromEntries(given.filter(([, text]) => text !== undefined)),
  };
}

/** A title may have values of the fields in it and of those before it. */
function checkTitleTemplate(node: Node, field: WizardField, scope: Scope): void {
  const inner = flat(field.item_template ?? []).map(({ name }) => name);
  for (const [whole, path = ''] of (field.collapsibleTitleTemplate ?? '').matchAll(REFERENCE)) {
    const name = path.trim();
    if (inner.includes(name) || scope.has(name)) continue;
    const meant = nearest(name, [...inner, ...scope.names]);
    const hint = meant === undefined ? '' : `; "${meant}" may be meant`;
    node
      .at('collapsibleTitleTemplate')
      .error(`expected a field of the ${field.type} or one before it, found ${whole}${hint}`);
  }
}

function readFlags(node: Node) {
  return {
    required: node.at('required').flag(false),
    collapsible: node.at('collapsible').flag(false),
    autocomplete: node.at('autocomplete').flag(false),
  };
}

/** What only some types have. */
function readInner(node: Node, type: FieldType, scope: Scope, within: Within): Partial<WizardField> {
  const hasTemplate = type === 'group' || type === 'list';
  if (type === 'group' && node.at('required').value === true)
    node.problems.warn(
      node.at('required').path,
      'this field has no effect in a group; its fields may be required',
    );
  if (!hasTemplate && !node.at('item_template').isMissing)
    node
      .at('item_template')
      .error(`expected no fields in a field of type ${type}; groups and lists have them`);
  if (type !== 'dropdown' && !node.at('choices').isMissing)
    node.at('choices').error(`expected no choices in a field of type ${type}; dropdowns have them`);
  if (type === 'dropdown') {
    const choices = readChoices(node.at('choices'));
    return choices === undefined ? {} : { choices };
  }
  return hasTemplate ? { item_template: readTemplate(node.at('item_template'), type, scope, within) } : {};
}

function readTemplate(node: Node, type: FieldType, scope: Scope, within: Within): WizardField[] {
  const depth = within.depth + 1;
  if (depth > MAX_DEPTH) {
    node.error(`expected at most ${MAX_DEPTH} groups and lists in each other`);
    return [];
  }
  if (node.isMissing || node.value === null || (Array.isArray(node.value) && node.value.length === 0))
    node.error(`expected the fields of the ${type}, found none`);
  const isList = type === 'list' || within.isList;
  // The fields of a group are fields of the form; those of a list belong to each item.
  return readFields(node, type === 'list' ? scope.inner(node) : scope, { isList, depth });
}

function targetOf(node: Node, { name, type }: WizardField, within: Within): Target | undefined {
  const target = node.at('target');
  if (within.isList && !target.isMissing) {
    target.error(
      'expected the target at the list, whose values are stored together; a target of a field in it is never used',
    );
    return undefined;
  }
  if (type === 'group' && !target.isMissing) {
    target.error('expected the targets at the fields of the group; a target of a group is never used');
    return undefined;
  }
  if (!target.isMissing) return readTarget(target, type === 'list');
  if (type === 'list' && !within.isList)
    target.error(`expected a target, the values of the list "${name}" go nowhere`);
  return undefined;
}
