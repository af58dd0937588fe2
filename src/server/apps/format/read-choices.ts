import { isTree } from '../../../config/tree.js';
import { forJavaScript, readPattern } from '../../query/patterns/read-pattern.js';
import { type Kind, SEARCHABLE } from '../../query/searchable.js';
import { type Choices, type Scalar, SOURCES, type Source } from './definition.js';
import type { Node } from './node.js';

/** The kind of document that a source lists. */
export const KIND_OF: Readonly<Record<Source, Kind>> = {
  project: 'projects',
  task: 'tasks',
  model: 'models',
  queue: 'queues',
  dataset_version: 'tasks',
};

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
  if (source === undefined) return undefined;
  return {
    source,
    display_field: shownField(node.at('display_field'), source, 'name'),
    value_field: shownField(node.at('value_field'), source, 'id'),
    filter: readFilter(node.at('filter'), source),
  };
}

function shownField(node: Node, source: Source, otherwise: string): string {
  const field = node.text() ?? otherwise;
  const { plain, sections, references } = SEARCHABLE[KIND_OF[source]];
  const [head = ''] = field.split('.');
  const known = [...plain, ...Object.keys(references)];
  if (!known.includes(field) && !sections.includes(head)) node.expected(`a field of a ${source}`, known);
  return field;
}

function fixed(node: Node): Scalar[] {
  const items = node.items();
  if (items.length === 0) node.error('expected one choice at least, found none');
  // The form shows texts, so 1 and "1" are the same.
  const seen = new Set<string>();
  return items.flatMap((item) => {
    if (item.isMissing) item.expected('a text, a number or a boolean');
    const choice = item.scalar();
    if (choice === undefined) return [];
    if (seen.has(String(choice))) node.error(`expected each choice once, found "${choice}" twice`);
    seen.add(String(choice));
    return choice;
  });
}

function readFilter(node: Node, source: Source): Choices['filter'] {
  node.only(['fields']);
  const { patterns, lists, dates, ranges, values } = SEARCHABLE[KIND_OF[source]];
  const known = [...patterns, ...lists, ...dates, ...ranges, ...values];
  const rules = node
    .at('fields')
    .members()
    .map(([name, inner]): [string, string | Scalar[]] => {
      const isKnown = known.some(
        (each) => each === name || (each.endsWith('.*') && name.startsWith(each.slice(0, -1))),
      );
      if (!isKnown)
        inner.error(`expected a field of a ${source} to filter by, such as ${known.slice(0, 6).join(', ')}`);
      if (!patterns.includes(name)) return [name, inner.texts()];
      const pattern = inner.text() ?? '';
      checkPattern(inner, pattern);
      return [name, pattern];
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
