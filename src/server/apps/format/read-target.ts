import type { Target } from './definition.js';
import type { Node } from './node.js';

const FIELDS = ['hyperparams', 'configuration'] as const;
const FORMATS = ['str', 'json'] as const;

/** Where the value of a field goes. @param isList whose values only JSON can hold */
export function readTarget(node: Node, isList: boolean): Target | undefined {
  node.only(['field', 'section', 'name', 'format']);
  if (node.at('field').isMissing) node.at('field').expected(`one of ${FIELDS.join(', ')}`);
  const field = node.at('field').oneOf(FIELDS);
  const name = safe(node.at('name'));
  const format = node.at('format').oneOf(FORMATS) ?? (isList ? 'json' : 'str');
  if (isList && format !== 'json') node.at('format').expected('json, which lists need');
  if (field === 'configuration' && !node.at('section').isMissing)
    node.at('section').error('expected no section; only hyperparams have sections');
  const section = field === 'hyperparams' ? safe(node.at('section')) : '';
  return field === undefined ? undefined : { field, section, name, format };
}

/** A text that becomes the key of an object. */
function safe(node: Node): string {
  const text = node.requiredText();
  if (['__proto__', 'constructor', 'prototype'].includes(text))
    node.expected('another name, this one is reserved');
  return text;
}

/** `field/section/name`, for comparisons and messages. */
export function placeOf({ field, section, name }: Target): string {
  return [field, section, name].filter((part) => part !== '').join('/');
}
