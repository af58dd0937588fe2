import { ApiError } from '../api-error.js';
import type { ProjectDocument, ServerContext } from '../context.js';
import { type Call, type EndpointTable, endpoint } from '../endpoint.js';
import { asTexts, isObject, type JsonObject, shownText } from '../json.js';
import { HIDDEN_NAMES } from '../projects/project-names.js';
import { datasetStats, ownContents, type StatsChoice, taskStats } from '../projects/project-stats.js';
import { pathOf, projectsBelow, shownProject, withProjectsBelow } from '../projects/project-tree.js';
import { predicateOf } from '../query/predicate.js';
import { SEARCH, type SearchQuery, search } from '../query/search.js';
import { SEARCHABLE } from '../query/searchable.js';
import { type Body, flag, map, oneOf, text, texts, withDefault } from '../schema.js';

const QUERY = { ...SEARCH, shallow_search: flag } as const;
const CHILDREN = ['pipeline', 'report', 'dataset'] as const;
const QUERY_EX = {
  ...QUERY,
  include_stats: flag,
  include_stats_filter: map,
  stats_with_children: withDefault(flag, true),
  stats_for_state: oneOf(['active', 'archived']),
  include_dataset_stats: flag,
  check_own_contents: flag,
  active_users: texts,
  children_type: oneOf(CHILDREN),
  children_tags: texts,
  children_tags_filter: map,
  allow_public: flag,
  non_public: flag,
  name: text,
} as const;
type QueryEx = SearchQuery & Body<typeof QUERY_EX>;
type Query = SearchQuery & Body<typeof QUERY>;

export const projectQueryEndpoints: EndpointTable = {
  'projects.get_all': endpoint(QUERY, ({ server, body }) => find(server, body, false)),
  'projects.get_all_ex': endpoint(QUERY_EX, getAllEx),
};

/**
 * Without `shallow_search` a parent may be anywhere above; with it, only directly above, and no parent means the top.
 */
function find(server: ServerContext, body: Query, joined: boolean): JsonObject {
  const { shallow_search: shallow, parent, path: _path, ...rest } = body;
  const place = shallow ? { parent: parent ?? [null] } : { path: parent };
  const { documents, scroll } = search(server, { ...rest, ...place } as unknown as SearchQuery, {
    joined,
    kind: 'projects',
    *scan(narrowing) {
      for (const project of server.projects.scan(narrowing)) yield shownProject(server, project);
    },
    find: (id) => {
      const project = server.projects.find(id);
      return project === undefined ? undefined : shownProject(server, project);
    },
    shown: (project) => project,
    hiddenTag: 'hidden',
  });
  return { projects: documents, ...scroll };
}

function getAllEx(call: Call<QueryEx>): JsonObject {
  const { server, body } = call;
  const selected = withSelectedContents(call);
  if (selected !== undefined && selected.size === 0) return { projects: [] };
  const asked = askedIds(body);
  const id =
    selected === undefined
      ? body.id
      : asked === undefined
        ? [...selected]
        : asked.filter((each) => selected.has(each));
  const isChosenById = asked !== undefined;
  const query = { ...body, ...(id === undefined ? {} : { id }) } as QueryEx;
  const { projects, ...scroll } = find(server, query, true);
  const shown = (projects as JsonObject[]).filter(
    (project) => isChosenById || body.search_hidden || !isHidden(server, String(project.id)),
  );
  return { projects: shown.map((project) => described(call, project, selected)), ...scroll };
}

function isHidden(server: ServerContext, id: string): boolean {
  return server.projects.find(id)?.system_tags.includes('hidden') === true;
}

/** A found project with what the query wants to know about its contents. */
function described(
  call: Call<QueryEx>,
  project: JsonObject,
  selected: ReadonlySet<string> | undefined,
): JsonObject {
  const { server, body } = call;
  const id = String(project.id);
  const [choice, searchHidden] = statsChoice(body);
  const isOfDatasets = body.children_type === 'dataset';
  const all = body.stats_with_children ? projectsBelow(server, id) : [];
  const below = all.filter(
    (each) =>
      (searchHidden || isOfDatasets || !each.system_tags.includes('hidden')) &&
      (selected === undefined || selected.has(each.id)),
  );
  const ids = new Set([id, ...below.map((each) => each.id)]);
  const stats = isOfDatasets
    ? () => ({ datasets: datasetsIn(server, ids, choice) })
    : () => ({ active: taskStats(server, ids, choice) });
  const own = isOfDatasets
    ? () => ({ own_datasets: datasetsIn(server, new Set([id]), choice).count })
    : () => ownContents(server, id, choice);
  return {
    ...project,
    ...(body.search_hidden && isHidden(server, id) ? { hidden: true } : {}),
    ...(body.check_own_contents ? own() : {}),
    ...(body.include_stats ? { stats: stats(), sub_projects: briefly(below) } : {}),
    ...(body.include_dataset_stats
      ? { dataset_stats: datasetStats(server, id, body.active_users ?? []) }
      : {}),
  };
}

function briefly(projects: readonly ProjectDocument[]): JsonObject[] {
  return projects.map(({ id, name }) => ({ id, name })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The tasks that statistics are about, and whether those of hidden projects are among them. */
function statsChoice(body: QueryEx): [StatsChoice, boolean] {
  const users = body.active_users ?? [];
  const { include_stats_filter: filter, children_type: type, search_hidden: hidden = false } = body;
  if (filter !== undefined || type === undefined)
    return [{ filter: checkedFilter(filter ?? {}), users }, hidden];
  const tags = body.children_tags_filter ?? body.children_tags;
  const tagged: JsonObject = tags === undefined ? {} : { tags };
  if (type === 'pipeline')
    return [{ filter: { ...tagged, system_tags: ['pipeline'], type: ['controller'] }, users }, true];
  if (type === 'report')
    return [{ filter: { ...tagged, system_tags: ['reports'], type: ['report'] }, users }, true];
  return [{ filter: tagged, users }, hidden];
}

/** @throws ApiError 400/12 */
function checkedFilter(filter: JsonObject): JsonObject {
  for (const [field, value] of Object.entries(filter)) {
    const isList =
      Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string');
    const isFilter = isObject(value) && Object.keys(value).length > 0;
    if (!isList && !isFilter)
      throw new ApiError('validation_error', { field }, 'expected a list of texts or a filter');
  }
  return filter;
}

/** The data sets whose versions lie directly below some projects. */
function datasetsIn(
  server: ServerContext,
  parents: ReadonlySet<string>,
  { filter, users }: StatsChoice,
): { count: number; tags: string[] } {
  const matches = predicateOf(
    { ...filter, system_tags: [...asTexts(filter.system_tags), 'dataset'] },
    SEARCHABLE.projects,
    server.patterns,
  );
  const found = [...server.projects.scan()].filter(
    (project) =>
      parents.has(project.parent ?? '') &&
      (users.length === 0 || users.includes(project.user)) &&
      matches(project),
  );
  return { count: found.length, tags: [...new Set(found.flatMap(({ tags }) => tags))].sort() };
}

/**
 * The projects with what a query by users or by kind of contents asks for, and the projects above them; `undefined`
 * for other queries.
 */
function withSelectedContents({ server, body }: Call<QueryEx>): Set<string> | undefined {
  const { active_users: users = [], children_type: type } = body;
  if (users.length === 0 && type === undefined) return undefined;
  const query = contentsQuery(body);
  const holders: readonly string[] =
    type === undefined ? [] : [HIDDEN_NAMES.pipelines, HIDDEN_NAMES.datasets];
  const found = new Set<string>();
  for (const kind of KINDS_OF_CONTENTS[type ?? 'any']) {
    const matches = predicateOf(query, SEARCHABLE[kind], server.patterns);
    for (const document of server[kind].scan()) {
      const project = kind === 'projects' ? document.id : document.project;
      const isHolder = kind === 'projects' && holders.includes(String(document.basename));
      if (typeof project === 'string' && !isHolder && matches(document)) found.add(project);
    }
  }
  const asked = askedIds(body);
  const scope = asked === undefined ? undefined : withProjectsBelow(server, asked);
  const inScope = [...found].filter((id) => scope === undefined || scope.has(id));
  return new Set(inScope.flatMap((id) => withParents(server, id)));
}

const KINDS_OF_CONTENTS = {
  any: ['projects', 'tasks', 'models'],
  pipeline: ['projects'],
  dataset: ['projects'],
  report: ['tasks'],
} as const;

/** What contents must be like, as a query of their kind. */
function contentsQuery(body: QueryEx): JsonObject {
  const { active_users: users = [], children_type: type } = body;
  const user = users.length === 0 ? {} : { user: [...users] };
  if (type === undefined) return user;
  const { children_tags: tags = [], children_tags_filter: filter } = body;
  const tagged: JsonObject = filter === undefined ? { tags: [...tags] } : { filters: { tags: filter } };
  return { ...user, ...tagged, system_tags: [SELECTED_TAGS[type]] };
}

function askedIds({ id }: QueryEx): string[] | undefined {
  return id === undefined || id === null ? undefined : [id].flat().map((each) => shownText(each));
}

const SELECTED_TAGS = { pipeline: 'pipeline', dataset: 'dataset', report: 'reports' } as const;

function withParents(server: ServerContext, id: string): string[] {
  const project = server.projects.find(id);
  return project === undefined ? [] : [id, ...pathOf(server, project)];
}
