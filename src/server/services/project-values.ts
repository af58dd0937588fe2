import { ApiError } from '../api-error.js';
import type { Call, EndpointTable } from '../call.js';
import { asObject, asText, type JsonObject } from '../json.js';
import type { FieldTable } from '../request-fields.js';
import { withProjectsBelow } from '../tasks/project-tree.js';

const OF_ONE: FieldTable = { project: 'text', include_subprojects: 'flag' };
const PAGE: FieldTable = { page: 'integer', page_size: 'integer' };

/** What there is within projects to choose from. */
export const projectValueEndpoints: EndpointTable = {
  'projects.get_unique_metric_variants': {
    handler: getMetricVariants,
    fields: { ...OF_ONE, model_metrics: 'flag' },
  },
  'projects.get_model_metadata_keys': { handler: getMetadataKeys, fields: { ...OF_ONE, ...PAGE } },
  'projects.get_model_metadata_values': {
    handler: getMetadataValues,
    fields: { projects: 'texts', key: 'text!', include_subprojects: 'flag' },
  },
};

const MAX_PAGE = 500;

/** Whether a document lies in the projects that a request means; none: it does. */
function within(call: Call, ids: readonly string[]): (document: { project?: string }) => boolean {
  for (const id of ids) if (!call.server.projects.has(id)) throw new ApiError('invalid_project_id', { id });
  const below = call.params.flag('include_subprojects', true);
  const projects = below ? withProjectsBelow(call.server, ids) : new Set(ids);
  return ({ project }) => ids.length === 0 || projects.has(project ?? '');
}

function oneProject(call: Call): string[] {
  const id = call.params.optionalText('project');
  return id === undefined ? [] : [id];
}

/** The scalars that tasks (or models) reported, with the digests that `last_metrics` has as keys. */
function getMetricVariants(call: Call): JsonObject {
  const { server, params } = call;
  const matches = within(call, oneProject(call));
  const found = new Map<string, JsonObject>();
  for (const document of params.flag('model_metrics') ? server.models.scan() : server.tasks.scan()) {
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

function getMetadataKeys(call: Call): JsonObject {
  const { server, params } = call;
  const matches = within(call, oneProject(call));
  const keys = new Set<string>();
  for (const model of server.models.scan()) {
    if (matches(model)) for (const key of Object.keys(asObject(model.metadata))) keys.add(key);
  }
  const size = Math.min(Math.max(params.integer('page_size', MAX_PAGE), 1), MAX_PAGE);
  const start = Math.max(params.integer('page', 0), 0) * size;
  const page = [...keys].sort().slice(start, start + size);
  return { total: keys.size, remaining: Math.max(0, keys.size - start - page.length), keys: page };
}

function getMetadataValues(call: Call): JsonObject {
  const { server, params } = call;
  const matches = within(call, params.texts('projects'));
  const key = params.text('key');
  const values = new Set<string>();
  for (const model of server.models.scan()) {
    const value = matches(model) ? asText(asObject(asObject(model.metadata)[key]).value) : undefined;
    if (value !== undefined) values.add(value);
  }
  return { total: values.size, values: [...values].sort() };
}
