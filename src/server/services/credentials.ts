import { ApiError } from '../api-error.js';
import { newKeyPair } from '../auth/accounts.js';
import { isAdmin } from '../auth/roles.js';
import type { UserDocument } from '../context.js';
import { type Call, type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import type { JsonObject } from '../json.js';
import { oneOf, required, text } from '../schema.js';

/** Whose: the caller's own, or for an administrator those of another user. */
const WHOSE = { user: text } as const;
const NEW = { ...WHOSE, label: text, role: oneOf(['agent']) } as const;
const KEY = { ...WHOSE, access_key: required(text) } as const;
const LABEL = { ...KEY, label: text } as const;

/** Key pairs of users. */
export const credentialEndpoints: EndpointTable = {
  'auth.get_credentials': endpoint(WHOSE, getCredentials),
  'auth.create_credentials': endpoint(NEW, createCredentials),
  'auth.edit_credentials': endpoint(LABEL, editCredentials),
  'auth.revoke_credentials': endpoint(KEY, revokeCredentials),
};

/** @throws ApiError 403/20, 400/301 */
function holderOf({ server, identity, body }: CallWith<typeof WHOSE>): UserDocument {
  const id = body.user ?? identity.user;
  if (id !== identity.user && !isAdmin(identity))
    throw new ApiError('role_not_allowed', { role: identity.role }, 'credentials of another user');
  const user = server.users.find(id);
  if (user === undefined) throw new ApiError('invalid_user_id', { id });
  return user;
}

/** @throws ApiError 400/301 for an account whose keys the configuration sets */
function requireOwnKeys({ id }: UserDocument): void {
  if (/^__.*__$/.test(id)) throw new ApiError('invalid_user_id', { id }, 'protected identity');
}

function getCredentials(call: CallWith<typeof WHOSE>): JsonObject {
  return { credentials: call.server.accounts.keysOf(holderOf(call).id) };
}

/** The only time that the secret is shown. */
function createCredentials(call: CallWith<typeof NEW>): JsonObject {
  const holder = holderOf(call);
  requireOwnKeys(holder);
  const keys = newKeyPair();
  const { label, role } = call.body;
  const facts = { ...(label === undefined ? {} : { label }), ...(role === undefined ? {} : { role }) };
  call.server.accounts.addKeys(keys, holder.id, facts);
  return { credentials: { access_key: keys.accessKey, secret_key: keys.secretKey, ...facts } };
}

function editCredentials(call: CallWith<typeof LABEL>): JsonObject {
  const { access_key: key, label } = call.body;
  if (!call.server.accounts.relabel(key, holderOf(call).id, label))
    throw new ApiError('invalid_access_key', { access_key: key });
  return { updated: 1 };
}

function revokeCredentials(call: Call<CallWith<typeof KEY>['body']>): JsonObject {
  const key = call.body.access_key;
  const holder = holderOf(call);
  requireOwnKeys(holder);
  if (!call.server.accounts.revoke(key, holder.id))
    throw new ApiError('invalid_user', { access_key: key }, 'no such key of the user');
  return { revoked: 1 };
}
