import { ApiError } from '../api-error.js';
import { isAdmin } from '../auth/roles.js';
import { type Call, type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import { newId } from '../ids.js';
import type { JsonObject } from '../json.js';
import { flag, oneOf, required, text, texts, withDefault } from '../schema.js';

/** `config`: a configuration text that agents and the SDK lay over their own. `monitoring`: one above all others. */
const TYPE = oneOf(['config', 'monitoring']);
/** `company`: for all users; administrators keep it. */
const SCOPE = oneOf(['user', 'company']);
const QUERY = { enabled: flag, types: texts } as const;
const NEW = {
  type: withDefault(TYPE, 'config'),
  scope: withDefault(SCOPE, 'user'),
  data: required(text),
  description: text,
  enabled: withDefault(flag, true),
} as const;
const VAULT = { vault: required(text) } as const;
const EDITED = { ...VAULT, data: text, description: text, enabled: flag } as const;

/** Configuration texts that the server keeps for the agents and tasks of a user. */
export const vaultEndpoints: EndpointTable = {
  'users.get_vaults': endpoint(QUERY, getVaults),
  'users.create_vault': endpoint(NEW, createVault),
  'users.update_vault': endpoint(EDITED, updateVault),
  'users.delete_vault': endpoint(VAULT, deleteVault),
};

/** Whose the vaults for all users are. */
const EVERYBODY = '';

/** Those for all users first, so that a user's own are stronger. */
function getVaults({ server, identity, body }: CallWith<typeof QUERY>): JsonObject {
  const rows = server.database.all(
    'SELECT id, body FROM vaults WHERE user IN (?, ?) ORDER BY user, id',
    EVERYBODY,
    identity.user,
  );
  const vaults = rows
    .map((row): JsonObject => ({ id: String(row.id), ...JSON.parse(String(row.body)) }))
    .filter(({ enabled }) => body.enabled === undefined || body.enabled === enabled)
    .filter(({ type }) => body.types === undefined || body.types.includes(String(type)));
  return { vaults };
}

function createVault(call: CallWith<typeof NEW>): JsonObject {
  const { type, scope, data, description = '', enabled } = call.body;
  const user = scope === 'company' ? EVERYBODY : call.identity.user;
  requireOwner(call, user);
  const id = newId();
  const body = JSON.stringify({ type, scope, description, data, enabled });
  call.server.database.run('INSERT INTO vaults (id, user, body) VALUES (?, ?, ?)', id, user, body);
  return { id };
}

function updateVault(call: CallWith<typeof EDITED>): JsonObject {
  const { vault: id, data, description, enabled } = call.body;
  const given = Object.entries({ data, description, enabled }).filter(([, value]) => value !== undefined);
  const body = JSON.stringify({ ...vaultOf(call, id), ...Object.fromEntries(given) });
  call.server.database.run('UPDATE vaults SET body = ? WHERE id = ?', body, id);
  return { updated: 1 };
}

function deleteVault(call: CallWith<typeof VAULT>): JsonObject {
  vaultOf(call, call.body.vault);
  call.server.database.run('DELETE FROM vaults WHERE id = ?', call.body.vault);
  return { deleted: 1 };
}

/** A vault that the caller may change. @throws ApiError 400/10, 403/20 */
function vaultOf(call: Call, id: string): JsonObject {
  const row = call.server.database.get('SELECT user, body FROM vaults WHERE id = ?', id);
  const owner = String(row?.user ?? '');
  if (row === undefined || (owner !== EVERYBODY && owner !== call.identity.user))
    throw new ApiError('invalid_id', { vault: id });
  requireOwner(call, owner);
  return JSON.parse(String(row.body));
}

/** @throws ApiError 403/20 */
function requireOwner({ identity }: Call, user: string): void {
  if (user === EVERYBODY && !isAdmin(identity))
    throw new ApiError('role_not_allowed', { role: identity.role });
}
