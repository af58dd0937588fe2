import { ApiError } from '../api-error.js';
import { COMPANY_NAME } from '../auth/accounts.js';
import type { Call, EndpointTable } from '../call.js';
import type { UserDocument } from '../context.js';
import type { JsonObject } from '../json.js';
import { search } from '../query/search.js';

/** The level of the API that is spoken: clients choose their features by it. */
export const API_VERSION = '2.34';
/** Of the server that is spoken like; clients read it as numbers between dots. */
export const SERVER_VERSION = '2.3.0';

export const infoEndpoints: EndpointTable = {
  'debug.ping': { handler: ({ params }) => ({ ...params.fields, msg: 'ClearML server' }), access: 'open' },
  'server.info': {
    handler: () => ({ version: SERVER_VERSION, build: '0', commit: '', api_version: API_VERSION }),
  },
  'server.report_stats_option': { handler: () => ({ supported: false }) },
  'users.get_current_user': { handler: currentUser },
  'users.get_by_id': { handler: getUser, fields: { user: 'text!' } },
  'users.get_all': { handler: (call) => getUsers(call, false) },
  'users.get_all_ex': { handler: (call) => getUsers(call, true) },
};

function currentUser({ server, identity }: Call): JsonObject {
  const user = server.users.find(identity.user);
  return {
    user: user === undefined ? {} : shownUser(user),
    getting_started: {},
    settings: { max_download_items: 1000 },
  };
}

function getUser({ server, params }: Call): JsonObject {
  const id = params.text('user');
  const user = server.users.find(id);
  if (user === undefined) throw new ApiError('invalid_user_id', { id });
  return { user: shownUser(user) };
}

function getUsers({ server, params }: Call, withId: boolean): JsonObject {
  const { documents, scroll } = search(server, params, {
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
