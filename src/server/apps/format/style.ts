import type { Node } from './node.js';

/** Properties that change a line and nothing around it. */
const PROPERTIES: ReadonlySet<string> = new Set([
  'align-items',
  'background',
  'background-color',
  'border',
  'border-radius',
  'color',
  'column-gap',
  'flex-wrap',
  'font-size',
  'font-weight',
  'gap',
  'height',
  'justify-content',
  'max-height',
  'max-width',
  'min-height',
  'min-width',
  'padding',
  'row-gap',
  'text-align',
  'width',
]);

/** Words, numbers with units and plain functions such as `calc(100% - 2px)`; nothing that loads or ends the value. */
const VALUE = /^[\w\s.,%#()+*/-]{1,100}$/;
const LOADING = /url|image|expression|attr\s*\(|var\s*\(|env\s*\(/i;

/** The style of a line. What reaches beyond the line is left out with a warning. */
export function readStyle(node: Node): Record<string, string> {
  const style: Record<string, string> = {};
  for (const [name, inner] of node.members()) {
    const property = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const value = inner.text() ?? '';
    if (!PROPERTIES.has(property))
      node.problems.warn(inner.path, 'this property of CSS has no effect in a line');
    else if (!VALUE.test(value) || LOADING.test(value))
      inner.expected('a plain value of CSS, such as "300px"');
    else style[property] = value;
  }
  return style;
}
