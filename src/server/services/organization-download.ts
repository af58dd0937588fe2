import { ApiError } from '../api-error.js';
import { type Call, type CallWith, Download, type EndpointTable, endpoint } from '../endpoint.js';
import {
  asObject,
  asObjects,
  asTexts,
  isObject,
  type Json,
  type JsonObject,
  shownText,
  valueAt,
} from '../json.js';
import { withSubprojects } from '../projects/project-tree.js';
import { SEARCH, type SearchQuery } from '../query/search.js';
import { type Body, flag, json, listOf, object, oneOf, required, text, texts } from '../schema.js';
import { searchModels } from '../tasks/model-document.js';
import { searchTasks } from '../tasks/search-tasks.js';

const FIELD = object({
  field: required(text),
  name: text,
  values: listOf(object({ key: json, value: json })),
});
const PREPARED = {
  ...SEARCH,
  include_subprojects: flag,
  allow_public: flag,
  entity_type: required(oneOf(['task', 'model'])),
  only_fields: required(texts),
  field_mappings: required(listOf(FIELD)),
} as const;
type Prepared = SearchQuery & Body<typeof PREPARED>;

const DOWNLOADED = { prepare_id: required(text) } as const;

const MAX_ITEMS = 1000;
const PAGE = 500;
/** Of the name of the project in the name of the file. */
const MAX_PROJECT_NAME = 60;

/** Tables of tasks or models as a file. */
export const organizationDownloadEndpoints: EndpointTable = {
  'organization.prepare_download_for_get_all': endpoint(PREPARED, prepare),
  'organization.download_for_get_all': endpoint(DOWNLOADED, download),
};

function prepare(call: Call<Prepared>): JsonObject {
  const { server, body } = call;
  assertUnique(body.field_mappings.map(({ field, name }) => name ?? field));
  for (const { values = [] } of body.field_mappings) assertUnique(values.map(({ key }) => shownText(key)));
  // Shows whether the query is right.
  pageOf(call, body, 0, 1);
  return { prepare_id: server.downloads.keep(body) };
}

/** @throws ApiError 400/12 */
function assertUnique(names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new ApiError('validation_error', { field_mappings: twice }, 'the name is there twice');
}

function pageOf(call: Call, query: Prepared, page: number, size: number): JsonObject[] {
  const { scroll_id: _scroll, size: _size, projection: _projection, ...rest } = query;
  const asked = withSubprojects(call.server, { ...rest, page, page_size: size } as Prepared);
  const { tasks, documents = tasks } =
    query.entity_type === 'task'
      ? searchTasks(call, asked, true)
      : { ...searchModels(call.server, asked, true), tasks: undefined };
  return asObjects(documents as Json);
}

function download(call: CallWith<typeof DOWNLOADED>): Download {
  const id = call.body.prepare_id;
  const query = call.server.downloads.get(id) as Prepared | undefined;
  if (query === undefined)
    throw new ApiError('invalid_id', { prepare_id: id }, 'nothing was prepared under it');
  const { field_mappings: fields } = query;
  const rows: JsonObject[] = [];
  for (let page = 0; rows.length < MAX_ITEMS; page += 1) {
    const found = pageOf(call, query, page, PAGE);
    rows.push(...found);
    if (found.length < PAGE) break;
  }
  const lines = [
    fields.map(({ field, name }) => name ?? field),
    ...rows.slice(0, MAX_ITEMS).map((row) => fields.map((field) => cell(row, field))),
  ];
  // The mark at the beginning says that the text is UTF-8.
  const table = `\ufeff${lines.map((line) => `${line.map(quoted).join(',')}\r\n`).join('')}`;
  const name = ['clearml', projectName(call, query), `${query.entity_type}s.csv`];
  return new Download(table, name.filter((part) => part !== '').join('-'), 'text/csv; charset=utf-8');
}

function cell(row: JsonObject, { field, values = [] }: Prepared['field_mappings'][number]): string {
  const found = valueAt(row, field);
  const value = isObject(found) ? asObject(found).id : found;
  const mapped = values.find(({ key }) => key === value)?.value ?? value;
  const text =
    mapped === undefined || mapped === null
      ? ''
      : typeof mapped === 'string'
        ? mapped
        : JSON.stringify(mapped);
  // A spreadsheet would run a text that begins like a formula.
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

function projectName({ server }: Call, { project }: Prepared): string {
  const [only, other] = [project ?? []].flat();
  if (other !== undefined || only === undefined) return '';
  if (only === null) return 'root';
  const [id = ''] = asTexts([only]);
  // The name goes into a header.
  return (server.projects.find(id)?.basename ?? '').slice(0, MAX_PROJECT_NAME).replaceAll(/[^\w .-]/g, '_');
}
