import { userInfo } from 'node:os';
import { configuredUsers, type ProgramAccount, programAccounts } from '../config/configured-users.js';
import type { ServerConfig } from '../config/server-config.js';
import type { ServerContext, UserDocument } from '../context.js';
import { isoDate } from '../dates.js';
import { md5, newId } from '../ids.js';
import { readSetting, writeSetting } from '../storage/settings.js';
import type { KeyPair } from './accounts.js';
import type { Login } from './logins.js';

type UserStore = Pick<ServerContext, 'database' | 'users' | 'accounts' | 'now'>;

/**
 * Brings the users of the database in line with the configuration; the first user of a new folder owns it.
 *
 * @returns the owner, and how the configured users log in
 * @throws AgentError CONFIG_VALUE
 */
export function prepareUsers(
  server: UserStore,
  config: ServerConfig,
  credentials: KeyPair,
): { owner: UserDocument; logins: Login[] } {
  const owner = ensureOwner(server, credentials);
  const logins = configuredUsers(config).map((user): Login => {
    const id = md5(`${owner.company}:${user.username}`);
    const [given_name = '', ...family] = user.name.split(' ');
    putUser(server, owner, {
      id,
      name: user.name,
      role: user.role,
      given_name,
      family_name: family.join(' '),
    });
    const isGuest = user.role === 'guest';
    return {
      username: user.username,
      user: id,
      password: user.password,
      ...(isGuest ? { guest: true } : {}),
    };
  });
  const accounts = programAccounts(config);
  for (const account of accounts) putAccount(server, owner, config, account);
  const kept = new Set([...logins.map(({ user }) => user), ...accounts.map(({ name }) => programUser(name))]);
  if (config.get('apiserver.auth.delete_missing_autocreated_users')) disableOthers(server, kept);
  return { owner, logins };
}

/** The user of an account of programs. */
export function programUser(name: string): string {
  return `__${name}__`;
}

/** The account that started the server on a new folder; it is an administrator, and has the keys in the folder. */
export function ensureOwner(server: UserStore, credentials: KeyPair): UserDocument {
  const owner = ownerOf(server);
  server.accounts.addKeys(credentials, owner.id);
  return owner;
}

function ownerOf(server: UserStore): UserDocument {
  const noted = readSetting(server.database, 'owner').user;
  const known =
    typeof noted === 'string' ? server.users.find(noted) : [...server.users.scan()].sort(byCreation)[0];
  const owner = known ?? newOwner(server);
  if (noted !== owner.id) writeSetting(server.database, 'owner', { user: owner.id });
  return owner;
}

function byCreation(a: UserDocument, b: UserDocument): number {
  return a.created.localeCompare(b.created);
}

function newOwner(server: UserStore): UserDocument {
  const owner = {
    id: newId(),
    name: accountName(),
    company: newId(),
    role: 'admin',
    created: isoDate(server.now()),
  };
  server.users.put(owner);
  return owner;
}

/** The user's own name on this machine; accounts of containers may have none. */
function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'user';
  }
}

function putUser(
  server: UserStore,
  { company }: UserDocument,
  user: Pick<UserDocument, 'id' | 'name' | 'role'> & { given_name?: string; family_name?: string },
): void {
  const { disabled: _back, ...known } = server.users.find(user.id) ?? { created: isoDate(server.now()) };
  server.users.put({ ...known, ...user, company, created: String(known.created), autocreated: true });
}

function putAccount(
  server: UserStore,
  owner: UserDocument,
  config: ServerConfig,
  { name, role, displayName, keys }: ProgramAccount,
): void {
  const id = programUser(name);
  putUser(server, owner, { id, name: displayName ?? name, role });
  server.accounts.keepOnly(id, keys?.accessKey);
  if (keys === undefined) return;
  const holder = server.accounts.holderOf(keys.accessKey);
  if (holder !== undefined && holder !== id)
    throw config.problem(`secure.credentials.${name}.user_key`, 'another user of this server has this key');
  server.accounts.addKeys(keys, id);
}

function disableOthers(server: UserStore, kept: ReadonlySet<string>): void {
  for (const user of [...server.users.scan()])
    if (user.autocreated === true && !kept.has(user.id) && user.disabled !== true)
      server.users.put({ ...user, disabled: true });
}
