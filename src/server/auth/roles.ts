import { ApiError } from '../api-error.js';
import type { Identity } from './accounts.js';

/**
 * `system` and `root`: services of a deployment. `admin`: also makes users. `agent`: runs the tasks of all users, for which it
 * gets tokens of their owners. `guest`: reads.
 */
export const ROLES = ['system', 'root', 'admin', 'user', 'agent', 'guest'] as const;
export type Role = (typeof ROLES)[number];

/** Who may call an endpoint, by its `access`; others: everybody who has logged in. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  reserved: ['system', 'root'],
  admin: ['system', 'root', 'admin'],
};

export function isAdmin({ role, scope }: Pick<Identity, 'role' | 'scope'>): boolean {
  return scope === undefined && ALLOWED.admin?.includes(role) === true;
}

/** Roles that may call as another user. */
const IMPERSONATORS: readonly string[] = ['system', 'root', 'admin', 'agent'];

export function mayImpersonate({ role, scope }: Identity): boolean {
  return scope === undefined && IMPERSONATORS.includes(role);
}

/** Keys of object stores, which all users share. */
const SHARED_SECRETS = ['storage.get_settings', 'storage.set_settings', 'storage.reset_settings'] as const;

/**
 * Calls that a task has no use for: with them it could keep access that outlives it, give it to others, or read secrets of
 * others.
 */
const NOT_FOR_TASKS: ReadonlySet<string> = new Set([
  ...SHARED_SECRETS,
  'auth.create_credentials',
  'auth.edit_credentials',
  'auth.get_credentials',
  'auth.revoke_credentials',
  'users.create_vault',
  'users.delete_vault',
  'users.set_preferences',
  'users.update',
  'users.update_vault',
]);

/** Actions that only read, by the beginning of their names. */
const READING =
  /\.(?:get_|download_|prepare_download|debug_images$|plots$|ping$|next_|scalar_|vector_|multi_task_|validate|peek_|log(?:in|out)$|config$|info$|endpoints$|supported_modes$|fixed_users_mode$)/;
/** Those whose names only look like it, and those that answer secrets. */
const NOT_FOR_GUESTS: ReadonlySet<string> = new Set([
  ...SHARED_SECRETS,
  'queues.get_next_task',
  'tasks.ping',
  'auth.get_token_for_user',
  'users.get_vaults',
]);

/** Whether a call changes nothing, and answers no secret. */
export function isReading(name: string): boolean {
  return READING.test(name) && !NOT_FOR_GUESTS.has(name);
}

/** @throws ApiError 403/20 for a call that the role does not allow, or that a task has no use for */
export function requirePermission(identity: Identity, name: string, access: string | undefined): void {
  const { role, scope } = identity;
  const allowed = ALLOWED[access ?? ''];
  const isTask = scope === 'task' || role === 'agent';
  const refused =
    (allowed !== undefined && (!allowed.includes(role) || isTask)) ||
    (isTask && NOT_FOR_TASKS.has(name)) ||
    (role === 'guest' && !isReading(name));
  if (refused) throw new ApiError('role_not_allowed', { role, ...(scope === undefined ? {} : { scope }) });
}
