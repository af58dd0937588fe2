import { ApiError } from '../api-error.js';
import { COMPANY_NAME } from '../auth/accounts.js';
import { type Call, type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import { asTexts, isObject, type Json, type JsonObject } from '../json.js';
import { shownProject, withSubprojects } from '../projects/project-tree.js';
import { predicateOf } from '../query/predicate.js';
import { SEARCHABLE } from '../query/searchable.js';
import { flag, integer, map, texts } from '../schema.js';
import { getTags, TAGS } from './project-values.js';

/** What is counted: a kind of documents, and what a query of it always has. */
const COUNTED = {
  projects: { kind: 'projects' },
  tasks: { kind: 'tasks' },
  models: { kind: 'models' },
  pipelines: { kind: 'projects', showsHidden: true },
  pipeline_runs: { kind: 'tasks', type: 'controller', showsHidden: true },
  datasets: { kind: 'projects', showsHidden: true },
  dataset_versions: { kind: 'tasks', type: 'data_processing', showsHidden: true },
  reports: { kind: 'tasks', type: 'report', showsHidden: true },
} as const satisfies Record<string, Counted>;

interface Counted {
  kind: 'projects' | 'tasks' | 'models';
  /** The type of the tasks, which lie below the projects of the query, too. */
  type?: string;
  showsHidden?: boolean;
}

type CountedName = keyof typeof COUNTED;
const NAMES = Object.keys(COUNTED) as CountedName[];

const COUNTS = {
  ...(Object.fromEntries(NAMES.map((name) => [name, map])) as Record<CountedName, typeof map>),
  active_users: texts,
  search_hidden: flag,
  allow_public: flag,
  limit: integer,
} as const;

export const organizationEndpoints: EndpointTable = {
  'organization.get_tags': endpoint(TAGS, getAllTags),
  'organization.get_user_companies': endpoint({}, getCompanies),
  'organization.get_entities_count': endpoint(COUNTS, getCounts),
};

/** The tags of tasks and models together. */
function getAllTags(call: CallWith<typeof TAGS>): JsonObject {
  const [ofTasks, ofModels] = [getTags(call, 'tasks'), getTags(call, 'models')];
  const union = (field: string) =>
    [...new Set([...asTexts(ofTasks[field]), ...asTexts(ofModels[field])])].sort();
  return { tags: union('tags'), ...(call.body.include_system ? { system_tags: union('system_tags') } : {}) };
}

function getCompanies({ server, identity }: Call): JsonObject {
  const owners = [...server.users.scan()]
    .map(({ id, name, avatar = null }) => ({ id, name, avatar }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return { companies: [{ id: identity.company, name: COMPANY_NAME, allocated: owners.length, owners }] };
}

/** How many of each kind match a query of their own; a query that is wrong has its reason in `errors`. */
function getCounts(call: CallWith<typeof COUNTS>): JsonObject {
  const counts: JsonObject = {};
  const errors: JsonObject = {};
  for (const name of NAMES) {
    const query = call.body[name];
    if (query === undefined) continue;
    try {
      counts[name] = count(call, COUNTED[name], query);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      errors[name] = error.message;
    }
  }
  call.server.patterns.assertSettled();
  return { ...counts, ...(Object.keys(errors).length > 0 ? { errors } : {}) };
}

function count({ server, body }: CallWith<typeof COUNTS>, counted: Counted, asked: JsonObject): number {
  const { active_users: users = [], search_hidden: hidden = false, limit = 0 } = body;
  const typed = counted.type === undefined ? {} : { type: [counted.type], include_subprojects: true };
  const user = users.length > 0 && !asked.user ? { user: [...users] } : {};
  const query = withSubprojects(server, { ...asked, ...typed, ...user } as JsonObject & { project?: Json });
  const { parent, ...rest } = query;
  // As in queries of projects, a parent may be anywhere above.
  const condition = counted.kind === 'projects' ? { ...rest, path: parent } : query;
  const matches = predicateOf(condition, SEARCHABLE[counted.kind], server.patterns);
  const showsHidden = hidden || counted.showsHidden === true || counted.kind === 'models';
  let found = 0;
  for (const document of server[counted.kind].scan()) {
    const shown = counted.kind === 'projects' ? shownProject(server, document as never) : document;
    const isVisible = showsHidden || !asTexts(document.system_tags).includes('hidden');
    if (isVisible && isObject(shown) && matches(shown)) found += 1;
  }
  return limit > 0 ? Math.min(found, limit) : found;
}
