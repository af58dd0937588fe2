import { ApiError, type ApiErrorName } from '../api-error.js';
import type { ServerContext } from '../context.js';
import { isoDate } from '../dates.js';
import { type Call, type CallWith, type Endpoint, endpoint } from '../endpoint.js';
import { asObject, asObjects, asTexts, isSafeName, type JsonObject, shownText } from '../json.js';
import { projectForName } from '../projects/project-names.js';
import { flag, listOf, object, required, text, texts } from '../schema.js';
import type { Documents, Stored } from '../storage/documents.js';

/** A kind of documents, and the refusal when an id is none of them. */
interface Edited<T extends Stored> {
  documents(server: ServerContext): Documents<T>;
  missing: ApiErrorName;
}

const TAG_CHANGES = { ids: required(texts), add_tags: texts, remove_tags: texts } as const;

/** `update_tags`: how many documents were written, adding and removing counted by themselves. */
export function updateTags<T extends Stored>(edited: Edited<T>): Endpoint {
  return endpoint(TAG_CHANGES, (call) => {
    const added = call.body.add_tags ?? [];
    const removed = new Set(call.body.remove_tags);
    if (added.length === 0 && removed.size === 0)
      throw new ApiError('validation_error', {}, 'expected add_tags or remove_tags');
    const found = present(edited, call);
    for (const document of found) {
      const tags = new Set([...asTexts(document.tags), ...added].filter((tag) => !removed.has(tag)));
      write(edited, call, document, { tags: [...tags].sort() });
    }
    return { updated: found.length * (Math.min(added.length, 1) + Math.min(removed.size, 1)) };
  });
}

const TARGET = { ids: required(texts), project: text, project_name: text } as const;

/** `move`: to a project by id or by name, which is made when it is new. */
export function moveToProject<T extends Stored>(edited: Edited<T>): Endpoint {
  return endpoint(TARGET, (call) => {
    const id = targetProject(call);
    for (const document of present(edited, call)) write(edited, call, document, { project: id });
    return { project_id: id };
  });
}

function targetProject(call: CallWith<typeof TARGET>): string {
  const id = call.body.project;
  const name = call.body.project_name;
  if (id === undefined && name === undefined)
    throw new ApiError('missing_required_fields', {}, 'project or project_name');
  if (id === undefined) return projectForName(call, name ?? '').id;
  if (!call.server.projects.has(id)) throw new ApiError('invalid_project_id', { id });
  return id;
}

/** `make_public` and `make_private`: the company moves to `company_origin` and back. */
export function setPublic<T extends Stored>(edited: Edited<T>, isPublic: boolean): Endpoint {
  return endpoint({ ids: required(texts) }, (call) => {
    const { company } = call.identity;
    const changed = present(edited, call).filter((document) => (document.company === '') !== isPublic);
    const fields = isPublic
      ? { company: '', company_origin: company }
      : { company, company_origin: undefined };
    for (const document of changed) edited.documents(call.server).put({ ...document, ...fields });
    return { updated: changed.length };
  });
}

const ITEMS = required(listOf(object({ key: required(text), type: required(text), value: required(text) })));

/** `add_or_update_metadata`: items by key; `field` names the document. */
export function addMetadata<T extends Stored>(edited: Edited<T>, field: 'model' | 'queue'): Endpoint {
  return endpoint({ [field]: required(text), metadata: ITEMS, replace_metadata: flag }, (call) => {
    const document = one(edited, call, String(call.body[field]));
    const kept = call.body.replace_metadata ? {} : asObject(document.metadata);
    write(edited, call, document, { metadata: { ...kept, ...metadataOf(call.body.metadata) } });
    return { updated: 1 };
  });
}

/** `delete_metadata`: keys that are not there do not matter. */
export function deleteMetadata<T extends Stored>(edited: Edited<T>, field: 'model' | 'queue'): Endpoint {
  return endpoint({ [field]: required(text), keys: required(texts) }, (call) => {
    const document = one(edited, call, String(call.body[field]));
    const removed = new Set(call.body.keys);
    const kept = Object.entries(asObject(document.metadata)).filter(([key]) => !removed.has(key));
    write(edited, call, document, { metadata: Object.fromEntries(kept) });
    return { updated: 1 };
  });
}

/** Metadata comes as a list of items or as a map, and is kept as a map by key. */
export function metadataOf(value: JsonObject[string]): JsonObject {
  if (!Array.isArray(value)) return asObject(value);
  const items = asObjects(value).map((item): [string, JsonObject] => [shownText(item.key), item]);
  return Object.fromEntries(items.filter(([key]) => isSafeName(key)));
}

function one<T extends Stored>(edited: Edited<T>, call: Call, id: string): T {
  const document = edited.documents(call.server).find(id);
  if (document === undefined) throw new ApiError(edited.missing, { id });
  return document;
}

function present<T extends Stored>(edited: Edited<T>, call: Call<{ readonly ids: string[] }>): T[] {
  return call.body.ids.map((id) => {
    const document = edited.documents(call.server).find(id);
    if (document === undefined) throw new ApiError(edited.missing, { id });
    return document;
  });
}

function write<T extends Stored>(edited: Edited<T>, call: Call, document: T, fields: JsonObject): void {
  const stamp = document.last_change === undefined ? {} : { last_change: isoDate(call.server.now()) };
  edited.documents(call.server).put({ ...document, ...fields, ...stamp });
}
