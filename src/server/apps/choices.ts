import type { Call } from '../endpoint.js';
import { type Json, type JsonObject, valueAt } from '../json.js';
import { type Source as Documents, type SearchQuery, search } from '../query/search.js';
import { SEARCHABLE } from '../query/searchable.js';
import type { Stored } from '../storage/documents.js';
import type { Choices } from './format/definition.js';
import { KIND_OF } from './format/read-choices.js';

export interface Choice extends JsonObject {
  label: string;
  value: string;
}

/** Choices in one answer; people narrow them by text. */
const MOST = 200;

/** What a query of a source asks for where the filter of the application asks for nothing else. */
const USUALLY: Readonly<Record<Choices['source'], JsonObject>> = {
  project: {},
  task: { system_tags: ['__$not', 'archived'] },
  model: { system_tags: ['__$not', 'archived'] },
  queue: {},
  dataset_version: { search_hidden: true },
};

/** What holds whatever the filter asks for. */
const ALWAYS: JsonObject = {
  dataset_version: {
    type: { any: { include: ['data_processing'] } },
    system_tags: { all: { include: ['dataset'] } },
  },
};

/**
 * The objects that a dropdown offers, by the names that are shown.
 *
 * @param narrowing a text that people have typed, or the one value that is checked
 */
export function choicesOf(
  call: Call,
  choices: Choices,
  narrowing: { text?: string | undefined; value?: string },
): { choices: Choice[]; more: boolean } {
  const { source, display_field, value_field, filter } = choices;
  const byValue = narrowing.value === undefined ? {} : valueFilter(choices, narrowing.value);
  const filters = ALWAYS[source];
  const query = {
    page: 0,
    page_size: MOST + 1,
    order_by: [display_field],
    only_fields: [...new Set(['id', display_field, value_field])],
    ...USUALLY[source],
    ...filter,
    ...(filters === undefined ? {} : { filters }),
    ...(narrowing.text === undefined || narrowing.text === ''
      ? {}
      : { search_text: escaped(narrowing.text) }),
    ...byValue,
  } as unknown as SearchQuery;
  const { documents } = search(call.server, query, documentsOf(call, choices));
  const found = documents
    .map(
      (document): Choice => ({
        label: textOf(valueAt(document, display_field)),
        value: textOf(valueAt(document, value_field)),
      }),
    )
    .filter(({ value }) => value !== '');
  return { choices: found.slice(0, MOST), more: found.length > MOST };
}

/** The query for one value. Few fields cannot be asked for; their values are looked for among the first choices. */
function valueFilter({ source, value_field: field, filter }: Choices, value: string): JsonObject {
  const { patterns, lists } = SEARCHABLE[KIND_OF[source]];
  if (patterns.includes(field)) return { _all_: { fields: [field], pattern: `^${escaped(value)}$` } };
  return lists.includes(field) && !Object.hasOwn(filter, field) ? { [field]: [value] } : {};
}

function documentsOf({ server }: Call, { source }: Choices): Documents<Stored> {
  const kind = KIND_OF[source] as 'projects' | 'tasks' | 'models' | 'queues';
  const documents = server[kind] as unknown as {
    scan: Documents<Stored>['scan'];
    find: Documents<Stored>['find'];
  };
  return {
    kind,
    joined: false,
    scan: (narrowing) => documents.scan(narrowing),
    find: (id) => documents.find(id),
    shown: (document) => document,
    hiddenTag: 'hidden',
    hasColumns: kind === 'tasks',
  };
}

function textOf(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
