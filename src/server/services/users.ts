import { ApiError } from '../api-error.js';
import { COMPANY_NAME } from '../auth/accounts.js';
import { isAdmin } from '../auth/roles.js';
import type { UserDocument } from '../context.js';
import { type Call, type CallWith, type EndpointTable, endpoint, reservedEndpoint } from '../endpoint.js';
import { asObject, isObject, isSafeName, type Json, type JsonObject, shownText } from '../json.js';
import { withProjectsBelow } from '../projects/project-tree.js';
import { SEARCH, type SearchQuery, search } from '../query/search.js';
import { type Body, flag, map, required, text, texts } from '../schema.js';

const USER = { user: required(text) } as const;
const QUERY_EX = { ...SEARCH, active_in_projects: texts } as const;
const UPDATED = { ...USER, name: text, family_name: text, given_name: text } as const;
const PREFERENCES = { preferences: required(map), return_updated: flag } as const;

export const userEndpoints: EndpointTable = {
  'users.get_current_user': endpoint({}, currentUser),
  'users.get_by_id': endpoint(USER, getUser),
  'users.get_all': endpoint(SEARCH, (call) => find(call, call.body, false)),
  'users.get_all_ex': endpoint(QUERY_EX, getAllEx, {
    since: [2, 8],
    earlier: endpoint(SEARCH, (call) => find(call, call.body, true)),
  }),
  'users.create': reservedEndpoint(),
  'users.delete': reservedEndpoint(),
  'users.update': endpoint(UPDATED, update),
  'users.get_preferences': endpoint({}, (call) => ({ preferences: preferencesOf(call) })),
  'users.set_preferences': endpoint(PREFERENCES, setPreferences),
};

/** @throws ApiError 400/301 */
function userOf({ server }: Call, id: string): UserDocument {
  const user = server.users.find(id);
  if (user === undefined) throw new ApiError('invalid_user_id', { id });
  return user;
}

function currentUser(call: Call): JsonObject {
  const { company, preferences: _own, autocreated: _from, ...user } = userOf(call, call.identity.user);
  return {
    user: { ...user, company: { id: company, name: COMPANY_NAME } },
    getting_started: {},
    settings: { max_download_items: 1000 },
  };
}

function getUser(call: CallWith<typeof USER>): JsonObject {
  return { user: shownUser(userOf(call, call.body.user)) };
}

/** Preferences are the user's own, and the role is part of who asks. */
function shownUser({
  preferences: _own,
  role: _role,
  autocreated: _from,
  ...user
}: UserDocument): JsonObject {
  return user;
}

function find({ server }: Call, query: SearchQuery, joined: boolean): JsonObject {
  const { documents, scroll } = search(server, query, {
    joined,
    kind: 'users',
    scan: (narrowing) => server.users.scan(narrowing),
    find: (id) => server.users.find(id),
    shown: shownUser,
  });
  return { users: documents, ...scroll };
}

/** Users who made something in some projects, if the query names projects; an empty list: in any. */
function getAllEx(call: Call<SearchQuery & Body<typeof QUERY_EX>>): JsonObject {
  const { active_in_projects: projects, ...query } = call.body;
  if (projects === undefined) return find(call, query, true);
  const asked =
    query.id === undefined || query.id === null
      ? undefined
      : [query.id].flat().map((each) => shownText(each));
  const active = activeUsers(call, projects).filter((id) => asked === undefined || asked.includes(id));
  return active.length === 0 ? { users: [] } : find(call, { ...query, id: active }, true);
}

function activeUsers({ server }: Call, ids: readonly string[]): string[] {
  const scope = ids.length === 0 ? undefined : withProjectsBelow(server, ids);
  const found = new Set<string>();
  const note = (user: Json | undefined, project: string | undefined) => {
    if (typeof user === 'string' && (scope === undefined || scope.has(project ?? ''))) found.add(user);
  };
  for (const project of server.projects.scan()) note(project.user, project.id);
  for (const task of server.tasks.scan()) note(task.user, task.project);
  for (const model of server.models.scan()) note(model.user, model.project);
  return [...found];
}

function update(call: CallWith<typeof UPDATED>): JsonObject {
  const { user: id, name, family_name, given_name } = call.body;
  if (id !== call.identity.user && !isAdmin(call.identity))
    throw new ApiError('role_not_allowed', { role: call.identity.role }, 'another user');
  const user = userOf(call, id);
  const given = Object.entries({ name, family_name, given_name });
  const fields = Object.fromEntries(given.filter(([, value]) => value !== undefined));
  if (Object.keys(fields).length === 0) return { updated: 0, fields: {} };
  call.server.users.put({ ...user, ...fields });
  return { updated: 1, fields };
}

function preferencesOf(call: Call): JsonObject {
  return asObject(userOf(call, call.identity.user).preferences);
}

/** Lays values over the preferences of the user; a name with dots is a path. */
function setPreferences(call: CallWith<typeof PREFERENCES>): JsonObject {
  const user = userOf(call, call.identity.user);
  const { preferences: changes, return_updated: shows } = call.body;
  assertNames(changes, true);
  const before = preferencesOf(call);
  const after = structuredClone(before);
  for (const [path, value] of Object.entries(changes)) assign(after, path, value ?? null);
  if (JSON.stringify(after) === JSON.stringify(before)) return { updated: 0, fields: {} };
  call.server.users.put({ ...user, preferences: after });
  return { updated: 1, fields: shows ? { preferences: after } : {} };
}

/** @throws ApiError 400/16 for a name with `$`, or with a dot below the top */
function assertNames(value: Json | undefined, isTop: boolean): void {
  if (Array.isArray(value)) for (const item of value) assertNames(item, false);
  if (!isObject(value)) return;
  for (const [name, inner] of Object.entries(value)) {
    if (name.startsWith('$') || (!isTop && name.includes('.')) || !name.split('.').every(isSafeName))
      throw new ApiError('fields_value_error', { key: name }, 'names do not begin with $ or contain dots');
    assertNames(inner, false);
  }
}

/** @throws ApiError 400/305 when the path leads through a value that is no object */
function assign(target: JsonObject, path: string, value: Json): void {
  const parts = path.split('.');
  const last = parts.pop() ?? '';
  let level = target;
  for (const part of parts) {
    const inner = level[part] ?? {};
    if (!isObject(inner)) throw new ApiError('invalid_preferences_update', { key: path });
    level[part] = inner;
    level = inner;
  }
  level[last] = value;
}
