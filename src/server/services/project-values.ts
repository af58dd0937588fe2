import { ApiError } from '../api-error.js';
import { type Call, type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import { asObject, asText, type JsonObject } from '../json.js';
import { flag, integer, required, text, texts, withDefault } from '../schema.js';
import { withProjectsBelow } from '../tasks/project-tree.js';

const BELOW = withDefault(flag, true);
const OF_ONE = { project: text, include_subprojects: BELOW } as const;
const MAX_PAGE = 500;
const KEYS = {
  ...OF_ONE,
  page: withDefault(integer, 0),
  page_size: withDefault(integer, MAX_PAGE),
} as const;
const METRICS = { ...OF_ONE, model_metrics: flag } as const;
const VALUES = { projects: texts, key: required(text), include_subprojects: BELOW } as const;

/** What there is within projects to choose from. */
export const projectValueEndpoints: EndpointTable = {
  'projects.get_unique_metric_variants': endpoint(METRICS, getMetricVariants),
  'projects.get_model_metadata_keys': endpoint(KEYS, getMetadataKeys),
  'projects.get_model_metadata_values': endpoint(VALUES, getMetadataValues),
};

/** Whether a document lies in the projects that a request means; none: it does. */
function within(
  call: Call<{ readonly include_subprojects: boolean }>,
  ids: readonly string[],
): (document: { project?: string }) => boolean {
  for (const id of ids) if (!call.server.projects.has(id)) throw new ApiError('invalid_project_id', { id });
  const below = call.body.include_subprojects;
  const projects = below ? withProjectsBelow(call.server, ids) : new Set(ids);
  return ({ project }) => ids.length === 0 || projects.has(project ?? '');
}

function oneProject({ body }: CallWith<typeof OF_ONE>): string[] {
  return body.project === undefined ? [] : [body.project];
}

/** The scalars that tasks (or models) reported, with the digests that `last_metrics` has as keys. */
function getMetricVariants(call: CallWith<typeof METRICS>): JsonObject {
  const { server, body } = call;
  const matches = within(call, oneProject(call));
  const found = new Map<string, JsonObject>();
  for (const document of body.model_metrics ? server.models.scan() : server.tasks.scan()) {
    if (!matches(document)) continue;
    for (const [metricHash, variants] of Object.entries(asObject(document.last_metrics))) {
      for (const [variantHash, last] of Object.entries(asObject(variants))) {
        const { metric, variant } = asObject(last);
        found.set(`${metricHash}.${variantHash}`, {
          metric,
          metric_hash: metricHash,
          variant,
          variant_hash: variantHash,
        });
      }
    }
  }
  const key = ({ metric, variant }: JsonObject) => `${metric}\0${variant}`;
  return { metrics: [...found.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1)) };
}

function getMetadataKeys(call: CallWith<typeof KEYS>): JsonObject {
  const { server, body } = call;
  const matches = within(call, oneProject(call));
  const keys = new Set<string>();
  for (const model of server.models.scan()) {
    if (matches(model)) for (const key of Object.keys(asObject(model.metadata))) keys.add(key);
  }
  const size = Math.min(Math.max(body.page_size, 1), MAX_PAGE);
  const start = Math.max(body.page, 0) * size;
  const page = [...keys].sort().slice(start, start + size);
  return { total: keys.size, remaining: Math.max(0, keys.size - start - page.length), keys: page };
}

function getMetadataValues(call: CallWith<typeof VALUES>): JsonObject {
  const { server, body } = call;
  const matches = within(call, body.projects ?? []);
  const key = body.key;
  const values = new Set<string>();
  for (const model of server.models.scan()) {
    const value = matches(model) ? asText(asObject(asObject(model.metadata)[key]).value) : undefined;
    if (value !== undefined) values.add(value);
  }
  return { total: values.size, values: [...values].sort() };
}
