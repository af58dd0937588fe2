import { isTree } from '../../../config/tree.js';
import { forJavaScript, readPattern } from '../../query/patterns/read-pattern.js';
import { type Choices, type Scalar, SOURCES } from './definition.js';
import type { Node } from './node.js';

/** The choices of a dropdown: fixed ones, or objects of the server. */
export function readChoices(node: Node): Scalar[] | Choices | undefined {
  if (node.isMissing) {
    node.error('expected a list, or "source", "display_field" and "value_field", found nothing');
    return undefined;
  }
  if (!isTree(node.value)) return fixed(node);
  node.only(['source', 'display_field', 'value_field', 'filter']);
  if (node.at('source').isMissing) node.at('source').expected(`one of ${SOURCES.join(', ')}`);
  const source = node.at('source').oneOf(SOURCES);
  const filter = readFilter(node.at('filter'));
  if (source === undefined) return undefined;
  return {
    source,
    display_field: node.at('display_field').text() ?? 'name',
    value_field: node.at('value_field').text() ?? 'id',
    filter,
  };
}

function fixed(node: Node): Scalar[] {
  const choices = node.items().flatMap((item) => item.scalar() ?? []);
  if (choices.length === 0) node.error('expected one choice at least, found none');
  for (const [index, choice] of choices.entries())
    if (choices.indexOf(choice) < index) node.error(`expected each choice once, found "${choice}" twice`);
  return choices;
}

function readFilter(node: Node): Choices['filter'] {
  node.only(['fields']);
  const rules = node
    .at('fields')
    .members()
    .map(([name, inner]): [string, string | Scalar[]] => {
      if (Array.isArray(inner.value)) return [name, inner.items().flatMap((item) => item.scalar() ?? [])];
      const scalar = inner.scalar();
      if (typeof scalar !== 'string') return [name, scalar === undefined ? [] : [scalar]];
      checkPattern(inner, scalar);
      return [name, scalar];
    });
  return Object.fromEntries(rules);
}

/** The pattern itself is matched elsewhere (RE2, or a thread with a limit of time). */
function checkPattern(node: Node, pattern: string): void {
  try {
    const { source, flags } = forJavaScript(readPattern(pattern));
    new RegExp(source, flags);
  } catch (error) {
    node.error(
      `expected a regular expression, found ${JSON.stringify(pattern)}: ${error instanceof Error ? error.message : error}`,
    );
  }
}
