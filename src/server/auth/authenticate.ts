import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from '../api-error.js';
import type { ServerContext, UserDocument } from '../context.js';
import type { Identity } from './accounts.js';
import { verifyToken } from './token.js';

/** The token in the cookie of the released server. It is read and never set, so a page of another site has none. */
const COOKIE = /(?:^|;\s*)clearml_token_basic=([^;\s]+)/;

const MAY_IMPERSONATE = new Set(['system', 'root', 'admin']);

/**
 * Who sent a request, from its `Authorization` header.
 *
 * @throws ApiError 401/10, 20, 22 or 30; 400/5 or 6 for the impersonation headers
 */
export function authenticate(server: ServerContext, headers: IncomingHttpHeaders): Identity {
  return server.database.transaction(() => identityFor(server, headers));
}

function identityFor(server: ServerContext, headers: IncomingHttpHeaders): Identity {
  const identity = identify(server, headers);
  const as = headers['x-clearml-impersonate-as'] ?? headers['x-trains-impersonate-as'];
  const act = headers['x-clearml-act-as'] ?? headers['x-trains-act-as'];
  if (as === undefined && act === undefined) return identity;
  if (as !== undefined && act !== undefined)
    throw new ApiError('invalid_headers', {}, 'both impersonation headers');
  if (!MAY_IMPERSONATE.has(identity.role)) throw new ApiError('impersonation_error', { role: identity.role });
  const other = server.users.find(String(as ?? act));
  if (other === undefined) throw new ApiError('impersonation_error', { user: String(as ?? act) });
  return { ...identityOf(other), ...(act === undefined ? {} : { role: identity.role }) };
}

export function identityOf(user: UserDocument): Identity {
  return { user: user.id, userName: user.name, company: user.company, role: user.role };
}

function identify(server: ServerContext, headers: IncomingHttpHeaders): Identity {
  const { authorization } = headers;
  if (authorization === undefined || authorization === '') {
    const token = COOKIE.exec(headers.cookie ?? '')?.[1];
    if (token === undefined) throw new ApiError('no_credentials');
    return fromToken(server, token);
  }
  const [scheme = '', value = ''] = authorization.trim().split(/\s+/, 2);
  if (scheme === 'Basic') return fromKeys(server, value, headers);
  if (scheme === 'Bearer') return fromToken(server, value);
  throw new ApiError('bad_auth_type');
}

function fromKeys(server: ServerContext, value: string, headers: IncomingHttpHeaders): Identity {
  const decoded = Buffer.from(value, 'base64').toString('latin1');
  const colon = decoded.indexOf(':');
  const keys = { accessKey: decoded.slice(0, colon), secretKey: decoded.slice(colon + 1) };
  const userId = colon === -1 ? undefined : server.accounts.userOfKeys(keys);
  const user = userId === undefined ? undefined : server.users.find(userId);
  if (user === undefined)
    throw new ApiError('invalid_credentials', {}, 'failed to locate provided credentials');
  const from = headers['x-clearml-worker'] ?? headers['x-trains-worker'];
  if (from !== undefined) server.accounts.markUsed(keys.accessKey, String(from), server.now());
  return identityOf(user);
}

function fromToken(server: ServerContext, token: string): Identity {
  const claims = readClaims(token, server.tokenSecret, Math.floor(server.now() / 1000));
  if (claims === undefined) throw new ApiError('invalid_token');
  const session = typeof claims.session_id === 'string' ? claims.session_id : '';
  const user = server.users.find(typeof claims.user === 'string' ? claims.user : '');
  if (user === undefined || server.accounts.isEnded(session)) throw new ApiError('invalid_token');
  return { ...identityOf(user), session };
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
