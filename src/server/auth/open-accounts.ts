import { configuredUsers, programAccounts } from '../config/configured-users.js';
import { ServerConfig } from '../config/server-config.js';
import { documentTables, type ServerContext } from '../context.js';
import type { Secrets } from '../secrets.js';
import type { Database } from '../storage/database.js';
import { Accounts } from './accounts.js';
import { LoginLimits } from './login-limits.js';
import { LoginLink } from './login-link.js';
import { Logins } from './logins.js';
import { Passwords } from './passwords.js';
import { ensureOwner, prepareUsers } from './prepare-users.js';
import { checkCookieSettings } from './session-cookie.js';

/** Shorter texts could be found by trying. */
const LEAST_SECRET = 32;

type AccountParts = Pick<
  ServerContext,
  | 'config'
  | 'tokenSecret'
  | 'company'
  | 'owner'
  | 'accounts'
  | 'logins'
  | 'passwords'
  | 'loginLimits'
  | 'loginLink'
>;

/**
 * Users, log-ins and sessions of a server, in line with its configuration.
 *
 * @param configured the configuration; `undefined` leaves the users as the last start of the server left them
 * @throws AgentError CONFIG_VALUE
 */
export function openAccounts(
  database: Database,
  secrets: Secrets,
  configured: ServerConfig | undefined,
  now: () => number,
): AccountParts {
  const config = configured ?? new ServerConfig();
  checkAccountSettings(config);
  const tokenSecret = config.get('secure.auth.token_secret') ?? secrets.tokenSecret;
  const accounts = new Accounts(database);
  const store = { database, users: documentTables(database).users, accounts, now };
  const { owner, logins } = database.transaction(() =>
    configured === undefined
      ? { owner: ensureOwner(store, secrets.credentials), logins: [] }
      : prepareUsers(store, configured, secrets.credentials),
  );
  return {
    config,
    tokenSecret,
    company: owner.company,
    owner: owner.id,
    accounts,
    logins: new Logins(database, logins),
    passwords: new Passwords(),
    loginLink: new LoginLink(),
    loginLimits: new LoginLimits({
      perAccount: config.get('apiserver.auth.login_limits.per_account'),
      perAddress: config.get('apiserver.auth.login_limits.per_address'),
      windowMs: config.get('apiserver.auth.login_limits.window_sec') * 1000,
    }),
  };
}

/** What can be checked without the data of a server. @throws AgentError CONFIG_VALUE */
export function checkAccountSettings(config: ServerConfig): void {
  checkCookieSettings(config);
  const secret = config.get('secure.auth.token_secret');
  if (secret !== undefined && secret.length < LEAST_SECRET)
    throw config.problem('secure.auth.token_secret', `expected ${LEAST_SECRET} characters or more`);
  configuredUsers(config);
  programAccounts(config);
}
