import { ApiError } from '../api-error.js';
import { MAX_PASSWORD_BYTES } from '../auth/passwords.js';
import type { UserDocument } from '../context.js';
import { isoDate } from '../dates.js';
import { type Call, type CallWith, type EndpointTable, endpoint, waitingEndpoint } from '../endpoint.js';
import { newId } from '../ids.js';
import type { JsonObject } from '../json.js';
import { oneOf, required, text } from '../schema.js';

const ROLE = oneOf(['admin', 'superuser', 'user', 'annotator', 'agent']);
const LOGIN = { username: text, password: text } as const;
const NAMES = { given_name: text, family_name: text, avatar: text } as const;
const NEW = {
  ...LOGIN,
  ...NAMES,
  name: required(text),
  company: required(text),
  email: required(text),
  role: ROLE,
} as const;
const USER = { user: required(text) } as const;
const EDITED = { ...LOGIN, ...USER, role: ROLE, name: text, email: text } as const;

const ADMIN = { access: 'admin' } as const;

/** Users are made and changed by administrators. */
export const userAdministrationEndpoints: EndpointTable = {
  'auth.create_user': waitingEndpoint(NEW, hashedPassword, createUser, ADMIN),
  'auth.edit_user': waitingEndpoint(EDITED, hashedPassword, editUser, ADMIN),
  'auth.delete_user': endpoint(USER, deleteUser, ADMIN),
  'auth.get_users': endpoint({}, getUsers, ADMIN),
};

type LoginCall = CallWith<typeof LOGIN>;

/** The hash of the password in a request, made on another thread. @throws ApiError 400/16 */
async function hashedPassword({ server, body }: LoginCall): Promise<{ hash: string } | undefined> {
  if (body.password === undefined) return undefined;
  const bytes = Buffer.byteLength(body.password);
  if (bytes === 0 || bytes > MAX_PASSWORD_BYTES)
    throw new ApiError('fields_value_error', { field: 'password' }, `1 to ${MAX_PASSWORD_BYTES} bytes`);
  return server.passwords.hash(body.password);
}

/** Roles of other servers that mean a user here. */
function roleOf(role: string | undefined): string {
  return role === undefined || role === 'superuser' || role === 'annotator' ? 'user' : role;
}

/** @throws ApiError 400/10 for another company, 400/801 for a name that is taken */
function createUser(call: CallWith<typeof NEW>): JsonObject {
  const { server, identity, body } = call;
  const { company, name, email, given_name, family_name } = body;
  if (company !== identity.company)
    throw new ApiError('invalid_id', { company }, 'cannot create user in another company');
  const names = Object.fromEntries(Object.entries({ given_name, family_name }).filter(([, value]) => value));
  const id = newId();
  const user = {
    id,
    name,
    company,
    email,
    role: roleOf(body.role),
    created: isoDate(server.now()),
    ...names,
  };
  server.users.put(user);
  putLogin(call, user);
  return { id };
}

function putLogin({ server, body, awaited }: LoginCall, user: UserDocument): void {
  const known = server.logins.ofUser(user.id);
  const username = body.username ?? known?.username;
  if (body.username === undefined && body.password === undefined) return;
  if (username === undefined || !/^[^\s:]+$/.test(username))
    throw new ApiError('fields_value_error', { field: 'username' }, 'a name without blanks and colons');
  if (isConfigured(user))
    throw new ApiError('fields_value_error', { user: user.id }, 'the configuration has this user');
  const holder = server.logins.find(username);
  if (holder !== undefined && holder.user !== user.id)
    throw new ApiError('expected_unique_data', { username });
  const password = (awaited as { hash: string } | undefined) ?? known?.password;
  if (password === undefined || !('hash' in password))
    throw new ApiError('missing_required_fields', { field: 'password' });
  server.logins.put(username, user.id, password);
}

/** @throws ApiError 400/301 */
function userOf({ server }: Call, id: string): UserDocument {
  const user = server.users.find(id);
  if (user === undefined) throw new ApiError('invalid_user_id', { id });
  return user;
}

function editUser(call: CallWith<typeof EDITED>): JsonObject {
  const { user: id, role, name, email } = call.body;
  const user = userOf(call, id);
  const given = { name, email, role: role === undefined ? undefined : roleOf(role) };
  const fields = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  if (fields.role !== undefined && fields.role !== user.role && isKept(call, user))
    throw new ApiError('fields_value_error', { user: id }, 'the role of this user is fixed');
  putLogin(call, user);
  const isChanged = Object.entries(fields).some(([field, value]) => user[field] !== value);
  if (isChanged) call.server.users.put({ ...user, ...fields });
  return { updated: isChanged || call.body.password !== undefined ? 1 : 0, fields };
}

/** The configuration names the user, at the last start of the server. */
function isConfigured(user: UserDocument): boolean {
  return user.autocreated === true && user.disabled !== true;
}

/** The owner of the folder, and what the configuration names. */
function isKept({ server }: Call, user: UserDocument): boolean {
  return user.autocreated === true || server.owner === user.id;
}

/** Removes a user with password, keys and vaults; tasks keep the id. @throws ApiError 400/16 */
function deleteUser(call: CallWith<typeof USER>): JsonObject {
  const { server, identity } = call;
  const user = userOf(call, call.body.user);
  if (user.id === identity.user)
    throw new ApiError('fields_value_error', { user: user.id }, 'cannot delete yourself');
  if (isConfigured(user) || server.owner === user.id)
    throw new ApiError(
      'fields_value_error',
      { user: user.id },
      isConfigured(user) ? 'the configuration has this user' : 'this user owns the folder of the server',
    );
  server.logins.remove(user.id);
  server.accounts.keepOnly(user.id);
  server.database.run('DELETE FROM vaults WHERE user = ?', user.id);
  server.users.delete(user.id);
  return { deleted: 1 };
}

/** All users with how they log in. */
function getUsers({ server }: Call): JsonObject {
  const users = [...server.users.scan()].map(({ preferences: _own, ...user }) => {
    const login = server.logins.ofUser(user.id);
    return {
      ...user,
      ...(login === undefined ? {} : { username: login.username }),
      configured: isConfigured(user),
      credentials: server.accounts.keysOf(user.id),
    };
  });
  return { users };
}
