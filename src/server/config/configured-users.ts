import type { ConfigTree, ConfigValue } from '../../config/config.js';
import { isTree, joinKey } from '../../config/tree.js';
import { isPasswordHash, type StoredPassword } from '../auth/passwords.js';
import { ROLES, type Role } from '../auth/roles.js';
import type { ServerConfig } from './server-config.js';

/** A user of `auth.fixed_users`, or the guest. */
export interface ConfiguredUser {
  username: string;
  password: StoredPassword;
  name: string;
  role: Role;
}

/** An entry of `secure.credentials`. */
export interface ProgramAccount {
  /** The name of the entry; its user is `__<name>__`. */
  name: string;
  role: Role;
  displayName: string | undefined;
  /** `undefined`: the account has no keys. */
  keys: { accessKey: string; secretKey: string } | undefined;
}

const USERS = 'apiserver.auth.fixed_users.users';
/** `company` and `groups` belong to servers with several companies. */
const USER_FIELDS = ['username', 'password', 'name', 'admin', 'role', 'email', 'company', 'groups'];
const USER_ROLES: readonly string[] = ['admin', 'user'];

/**
 * The users that the configuration names, the guest among them.
 *
 * @throws AgentError CONFIG_VALUE with the place
 */
export function configuredUsers(config: ServerConfig): ConfiguredUser[] {
  if (!config.get('apiserver.auth.fixed_users.enabled')) return [];
  const isHashed = config.get('apiserver.auth.fixed_users.pass_hashed');
  const users = config.get(USERS).map((entry, i) => userOf(config, entry, `${USERS}.${i}`, isHashed));
  const all = [...users, ...guestOf(config)];
  for (const [i, { username }] of all.entries())
    if (all.findIndex((other) => other.username === username) < i)
      throw config.problem(`${USERS}.${Math.min(i, users.length - 1)}`, `there are two users "${username}"`);
  return all;
}

function userOf(config: ServerConfig, entry: ConfigValue, at: string, isHashed: boolean): ConfiguredUser {
  if (!isTree(entry)) throw config.problem(at, 'expected { username, password, name }');
  const unknown = Object.keys(entry).find((field) => !USER_FIELDS.includes(field));
  if (unknown !== undefined)
    throw config.problem(`${at}.${unknown}`, `expected ${USER_FIELDS.slice(0, 5).join(', ')}`);
  const username = textOf(config, entry, 'username', at);
  const password = textOf(config, entry, 'password', at);
  if (username.includes(':')) throw config.problem(`${at}.username`, 'a name has no colon');
  if (isHashed && !isPasswordHash(password))
    throw config.problem(`${at}.password`, 'expected a bcrypt hash in base64, because pass_hashed is true');
  const { name = username, admin = false, role = admin === true ? 'admin' : 'user' } = entry;
  if (typeof admin !== 'boolean') throw config.problem(`${at}.admin`, 'expected true or false');
  if (!USER_ROLES.includes(String(role)))
    throw config.problem(`${at}.role`, `expected one of ${USER_ROLES.join(', ')}`);
  return {
    username,
    password: isHashed ? { hash: password } : { plain: password },
    name: String(name),
    role: role as Role,
  };
}

function guestOf(config: ServerConfig): ConfiguredUser[] {
  if (!config.get('services.auth.fixed_users.guest.enabled')) return [];
  return [
    {
      username: config.get('services.auth.fixed_users.guest.username'),
      password: { plain: config.get('services.auth.fixed_users.guest.password') },
      name: config.get('services.auth.fixed_users.guest.name'),
      role: 'guest',
    },
  ];
}

/** Roles that the released server gives to accounts of its own, where the configuration only sets their keys. */
const USUAL_ROLES: Readonly<Record<string, Role>> = {
  apiserver: 'system',
  fileserver: 'system',
  webserver: 'system',
  services_agent: 'admin',
  tests: 'user',
};

/**
 * The accounts of programs, as the compose files of agents define them.
 *
 * @throws AgentError CONFIG_VALUE with the place
 */
export function programAccounts(config: ServerConfig): ProgramAccount[] {
  const fixedMode = config.get('apiserver.auth.fixed_users.enabled');
  return Object.entries(config.get('secure.credentials')).map(([name, entry]) => {
    const at = joinKey(['secure', 'credentials', name]);
    if (!isTree(entry)) throw config.problem(at, 'expected { user_key, user_secret, role }');
    const role = entry.role ?? (Object.hasOwn(USUAL_ROLES, name) ? USUAL_ROLES[name] : undefined);
    if (!ROLES.some((known) => known === role))
      throw config.problem(at, `expected a role of ${ROLES.join(', ')}`);
    const accessKey = optionalText(entry.user_key);
    const secretKey = optionalText(entry.user_secret);
    const isHalf = (accessKey === undefined) !== (secretKey === undefined);
    if (isHalf && !Object.hasOwn(USUAL_ROLES, name))
      throw config.problem(at, 'expected user_key and user_secret, found one of them');
    const isRevoked = fixedMode && entry.revoke_in_fixed_mode === true;
    const keys =
      isRevoked || accessKey === undefined || secretKey === undefined ? undefined : { accessKey, secretKey };
    return { name, role: role as Role, displayName: optionalText(entry.display_name), keys };
  });
}

/**
 * Accounts of the released server's own parts that the configuration gives half a pair. There the other half has a default
 * that everybody knows; here it has none, so the account stays without keys.
 */
export function accountsWithoutKeys(config: ServerConfig): string[] {
  return Object.keys(USUAL_ROLES)
    .filter((name) => {
      const entry = config.get('secure.credentials')[name];
      if (!isTree(entry)) return false;
      return (optionalText(entry.user_key) === undefined) !== (optionalText(entry.user_secret) === undefined);
    })
    .map((name) => joinKey(['secure', 'credentials', name]));
}

function textOf(config: ServerConfig, entry: ConfigTree, field: string, at: string): string {
  const value = optionalText(entry[field]);
  if (value === undefined) throw config.problem(`${at}.${field}`, 'expected a text that is not empty');
  return value;
}

function optionalText(value: ConfigValue | undefined): string | undefined {
  return value === undefined || value === null || value === '' ? undefined : String(value);
}
