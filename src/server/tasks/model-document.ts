import { ApiError } from '../api-error.js';
import type { ModelDocument, ServerContext } from '../context.js';
import type { JsonObject } from '../json.js';
import { type Found, type SearchQuery, search } from '../query/search.js';

/** @throws ApiError 400/201 */
export function modelOf(server: ServerContext, id: string): ModelDocument {
  const model = server.models.find(id);
  if (model === undefined) throw new ApiError('invalid_model_id', { id });
  return model;
}

/** The model as clients see it, also one that an earlier version stored. */
export function shownModel(model: ModelDocument): JsonObject {
  return { last_iteration: 0, last_metrics: {}, ...model };
}

/** Finds models. @param joined as `get_all_ex` does */
export function searchModels(server: ServerContext, query: SearchQuery, joined: boolean): Found {
  return search(server, query, {
    joined,
    kind: 'models',
    scan: (narrowing) => server.models.scan(narrowing),
    find: (id) => server.models.find(id),
    shown: shownModel,
  });
}
