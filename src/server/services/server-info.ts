import { ApiError } from '../api-error.js';
import { COMPANY_NAME } from '../auth/accounts.js';
import type { UserDocument } from '../context.js';
import { type Call, type EndpointTable, endpoint } from '../endpoint.js';
import type { JsonObject } from '../json.js';
import { SEARCH, type SearchQuery, search } from '../query/search.js';
import { required, text } from '../schema.js';
import { API_VERSION, SERVER_VERSION } from '../versions.js';

export const infoEndpoints: EndpointTable = {
  'debug.ping': endpoint({}, ({ body }) => ({ ...body, msg: 'ClearML server' }), { access: 'open' }),
  'server.info': endpoint({}, () => ({
    version: SERVER_VERSION,
    build: '0',
    commit: '',
    api_version: API_VERSION,
  })),
  'server.report_stats_option': endpoint({}, () => ({ supported: false })),
  'users.get_current_user': endpoint({}, currentUser),
  'users.get_by_id': endpoint({ user: required(text) }, getUser),
  'users.get_all': endpoint(SEARCH, (call) => getUsers(call, false)),
  'users.get_all_ex': endpoint(SEARCH, (call) => getUsers(call, true)),
};

function currentUser({ server, identity }: Call): JsonObject {
  const user = server.users.find(identity.user);
  return {
    user: user === undefined ? {} : shownUser(user),
    getting_started: {},
    settings: { max_download_items: 1000 },
  };
}

function getUser({ server, body }: Call<{ readonly user: string }>): JsonObject {
  const id = body.user;
  const user = server.users.find(id);
  if (user === undefined) throw new ApiError('invalid_user_id', { id });
  return { user: shownUser(user) };
}

function getUsers({ server, body }: Call<SearchQuery>, withId: boolean): JsonObject {
  const { documents, scroll } = search(server, body, {
    joined: withId,
    kind: 'users',
    scan: (narrowing) => server.users.scan(narrowing),
    find: (id) => server.users.find(id),
    shown: shownUser,
  });
  return { users: documents, ...scroll };
}

function shownUser(user: UserDocument): JsonObject {
  return { ...user, company: { id: user.company, name: COMPANY_NAME } };
}
