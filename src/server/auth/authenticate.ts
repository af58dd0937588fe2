import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from '../api-error.js';
import type { ServerContext, UserDocument } from '../context.js';
import type { Identity } from './accounts.js';
import { requireOwnHost, requireOwnPage } from './browser-requests.js';
import type { Login } from './logins.js';
import { mayImpersonate } from './roles.js';
import { sessionOf } from './session-cookie.js';
import { verifyToken } from './token.js';

/** What of a request says who sent it. */
export interface Asking {
  method: string;
  headers: IncomingHttpHeaders;
  /** Address of the client. */
  ip: string;
  /** `service.action`; `undefined` on the file server. */
  endpoint?: string | undefined;
}

/**
 * Who sent a request, from its `Authorization` header or else its cookie.
 *
 * @throws ApiError 401/10, 20, 22 or 30; 429 for too many wrong passwords; 400/5 or 6 for the impersonation headers; 403/10 for
 *   the cookie of a page of another site
 */
export async function authenticate(server: ServerContext, asking: Asking): Promise<Identity> {
  requireOwnHost(server, asking);
  const login = await passwordLogin(server, asking);
  return server.database.transaction(() => identityFor(server, asking, login));
}

function identityFor(server: ServerContext, asking: Asking, login: Login | undefined): Identity {
  const { headers } = asking;
  const identity =
    login === undefined ? identify(server, asking) : identityOf(activeUser(server, login.user));
  const as = headers['x-clearml-impersonate-as'] ?? headers['x-trains-impersonate-as'];
  const act = headers['x-clearml-act-as'] ?? headers['x-trains-act-as'];
  if (as === undefined && act === undefined) return identity;
  if (as !== undefined && act !== undefined)
    throw new ApiError('invalid_headers', {}, 'both impersonation headers');
  if (!mayImpersonate(identity)) throw new ApiError('impersonation_error', { role: identity.role });
  const other = server.users.find(String(as ?? act));
  if (other === undefined || other.disabled === true)
    throw new ApiError('impersonation_error', { user: String(as ?? act) });
  if (act !== undefined) return { ...identityOf(other), role: identity.role };
  // What an agent gets for the tasks of a user is not more than what a task needs.
  return { ...identityOf(other), role: 'user', scope: 'task' };
}

export function identityOf(user: UserDocument): Identity {
  return { user: user.id, userName: user.name, company: user.company, role: user.role };
}

/** @throws ApiError 401/22 */
function activeUser(server: ServerContext, id: string | undefined): UserDocument {
  const user = id === undefined ? undefined : server.users.find(id);
  if (user === undefined || user.disabled === true)
    throw new ApiError('invalid_credentials', {}, 'failed to locate provided credentials');
  return user;
}

function identify(server: ServerContext, asking: Asking): Identity {
  const { headers, ip } = asking;
  const [scheme = '', value = ''] = schemeOf(headers);
  if (scheme === '') {
    const token = sessionOf(headers, server.config);
    if (token === undefined) throw new ApiError('no_credentials');
    requireOwnPage(server, asking);
    return fromToken(server, token);
  }
  if (scheme === 'Basic') return fromKeys(server, value, workerOf(headers) ?? ip);
  if (scheme === 'Bearer') return fromToken(server, value);
  throw new ApiError('bad_auth_type');
}

function schemeOf({ authorization = '' }: IncomingHttpHeaders): string[] {
  return authorization.trim().split(/\s+/, 2);
}

function workerOf(headers: IncomingHttpHeaders): string | undefined {
  return (headers['x-clearml-worker'] ?? headers['x-trains-worker'])?.toString();
}

/** Name and password, or access key and secret. */
function pairOf(value: string): [name: string, secret: string] | undefined {
  const decoded = Buffer.from(value, 'base64').toString('latin1');
  const colon = decoded.indexOf(':');
  return colon === -1 ? undefined : [decoded.slice(0, colon), decoded.slice(colon + 1)];
}

/** An access key as this server and the released one make them. */
const ACCESS_KEY = /^[0-9A-Z]{20,}$/;
/** Of no password; checked so that a name without a user takes as long as one with a user. */
const NO_PASSWORD = {
  hash: Buffer.from('$2b$12$5grz5DBAMzEULdDshv5b7.hF4eYyVA3EGkOEFvJcF0GQXrr25zTqi').toString('base64'),
};

/**
 * The login of a user that sent name and password; `undefined` for a request with anything else.
 *
 * @throws ApiError 401/22, 429
 */
async function passwordLogin(server: ServerContext, asking: Asking): Promise<Login | undefined> {
  const [scheme, value = ''] = schemeOf(asking.headers);
  const pair = scheme === 'Basic' ? pairOf(value) : undefined;
  if (pair === undefined) return undefined;
  const [latinName, latinPassword] = pair;
  // Browsers and curl send UTF-8; keys are ASCII anyway.
  const [name, password] = [utf8Of(latinName), utf8Of(latinPassword)];
  const login = server.logins.find(name);
  const isKey = ACCESS_KEY.test(name) || server.accounts.holderOf(name) !== undefined;
  if (login === undefined && (isKey || !server.logins.any)) return undefined;
  const wait = server.loginLimits.begin(name, asking.ip, server.now());
  if (wait !== undefined) throw new ApiError('too_many_logins', { retry_after_sec: wait });
  const isRight = await server.passwords.check(password, login?.password ?? NO_PASSWORD);
  if (login === undefined || !isRight)
    throw new ApiError('invalid_credentials', {}, 'bad username or password');
  server.loginLimits.succeeded(name, asking.ip);
  if (login.guest === true && asking.endpoint !== 'auth.login')
    throw new ApiError('invalid_credentials', {}, 'endpoint not allowed for guest');
  return login;
}

function utf8Of(latin: string): string {
  return Buffer.from(latin, 'latin1').toString('utf8');
}

function fromKeys(server: ServerContext, value: string, from: string): Identity {
  const [accessKey = '', secretKey = ''] = pairOf(value) ?? [];
  const holder = server.accounts.userOfKeys({ accessKey, secretKey });
  const user = activeUser(server, holder?.user);
  server.accounts.markUsed(accessKey, from, server.now());
  return { ...identityOf(user), ...(holder?.role === undefined ? {} : { role: holder.role }) };
}

function fromToken(server: ServerContext, token: string): Identity {
  const claims = readClaims(token, server.tokenSecret, Math.floor(server.now() / 1000));
  if (claims === undefined) throw new ApiError('invalid_token');
  const session = typeof claims.session_id === 'string' ? claims.session_id : '';
  const user = server.users.find(typeof claims.user === 'string' ? claims.user : '');
  if (user === undefined || user.disabled === true || server.accounts.isEnded(session))
    throw new ApiError('invalid_token');
  return { ...identityOf(user), ...restrictionOf(claims, user), session };
}

/** A token of a task, or of a pair with a role of its own, does not grow with what its user may do. */
function restrictionOf(claims: Record<string, unknown>, user: UserDocument): Partial<Identity> {
  if (claims.scope === 'task') return { role: 'user', scope: 'task' };
  return claims.key_role === 'agent' && user.role !== 'agent' ? { role: 'agent' } : {};
}

function readClaims(token: string, secret: string, nowSeconds: number): Record<string, unknown> | undefined {
  try {
    const claims = verifyToken(token, secret, nowSeconds);
    const identity = claims?.identity;
    return claims === undefined
      ? undefined
      : { ...claims, ...(typeof identity === 'object' ? identity : {}) };
  } catch {
    return undefined;
  }
}
