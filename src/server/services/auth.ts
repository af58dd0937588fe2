import { randomUUID } from 'node:crypto';
import { ApiError } from '../api-error.js';
import { COMPANY_NAME, type Identity } from '../auth/accounts.js';
import { identityOf } from '../auth/authenticate.js';
import { sessionCookie } from '../auth/session-cookie.js';
import { signToken, verifyToken } from '../auth/token.js';
import { type Call, type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import { asObject, type Json, type JsonObject } from '../json.js';
import { integer, required, text } from '../schema.js';
import { API_VERSION, QUEUE_WAIT_S, SERVER_VERSION } from '../versions.js';

const LIFE = { expiration_sec: integer } as const;
const TOKEN_FOR_USER = { ...LIFE, user: required(text), company: text } as const;

/** Endpoints of logging in. */
export const authEndpoints: EndpointTable = {
  'auth.login': endpoint(LIFE, login),
  'auth.login_with_link': endpoint({ token: required(text) }, loginWithLink, { access: 'open' }),
  'auth.logout': endpoint({}, logout),
  'auth.get_token_for_user': endpoint(TOKEN_FOR_USER, tokenForUser, { access: 'reserved' }),
  'auth.validate_token': endpoint({ token: required(text) }, validateToken, { access: 'reserved' }),
  'auth.fixed_users_mode': endpoint({}, fixedUsersMode, { access: 'open' }),
  'login.supported_modes': endpoint({}, supportedModes, { access: 'optional' }),
  'login.logout': endpoint({}, logout),
};

function login(call: CallWith<typeof LIFE>): JsonObject {
  const token = tokenFor(call, call.identity);
  call.setCookie?.(sessionCookie(call.server.config, token));
  return { token };
}

/** What `agent server link` asks for; it is no call over HTTP. */
export const linkEndpoints: EndpointTable = {
  'auth.new_login_link': endpoint({}, ({ server }) => ({ address: server.loginLink.issue() })),
};

/** Logs the owner of the folder in. @throws ApiError 401/30 for a token that was used, or is not of this start */
function loginWithLink(call: Call<{ readonly token: string }>): JsonObject {
  const { server, body } = call;
  const owner = server.users.find(server.owner);
  if (owner === undefined || !server.loginLink.redeem(body.token))
    throw new ApiError(
      'invalid_token',
      {},
      'an address logs in once, and until the server restarts; "agent server link" prints a new one',
    );
  const token = tokenFor({ ...call, body: {} }, identityOf(owner));
  call.setCookie?.(sessionCookie(server.config, token));
  return {};
}

/** Features that agents and the SDK expect from a token that runs the tasks of others: vaults, tokens of owners. */
const FEATURES_OF_AGENTS = 'advanced';
/** Service accounts of this type may log in as the owners of tasks. */
const SERVICE_ACCOUNT = 2;

/** @throws ApiError 400/12 for a life that is longer than the server gives */
function tokenFor({ server, body }: CallWith<typeof LIFE>, identity: Identity): string {
  const { config } = server;
  const most = config.get('apiserver.auth.max_expiration_sec');
  const life = body.expiration_sec ?? Math.min(most, config.get('apiserver.auth.default_expiration_sec'));
  if (life > most) throw new ApiError('validation_error', { field: 'expiration_sec' }, `at most ${most}`);
  const now = Math.floor(server.now() / 1000);
  const isAgent = identity.role === 'agent';
  const runsTasks = isAgent || identity.scope === 'task' || /^__.*__$/.test(identity.user);
  const claims = {
    exp: now + life,
    iat: now,
    session_id: randomUUID().replaceAll('-', ''),
    auth_type: 'Bearer',
    env: 'prod',
    identity: {
      user: identity.user,
      company: identity.company,
      role: identity.role,
      user_name: identity.userName,
      company_name: COMPANY_NAME,
      ...(isAgent ? { service_account_type: SERVICE_ACCOUNT } : {}),
    },
    api_version: API_VERSION,
    server_version: SERVER_VERSION,
    server_build: '0',
    feature_set: runsTasks ? FEATURES_OF_AGENTS : 'basic',
    queue_wait_sec: QUEUE_WAIT_S,
    ...(identity.scope === undefined ? {} : { scope: identity.scope }),
    ...(isAgent ? { key_role: identity.role } : {}),
  };
  return signToken(claims, server.tokenSecret);
}

/** @throws ApiError 400/301 */
function tokenForUser(call: CallWith<typeof TOKEN_FOR_USER>): JsonObject {
  const user = call.server.users.find(call.body.user);
  if (user === undefined || user.disabled === true)
    throw new ApiError('invalid_user_id', { id: call.body.user });
  const { id, name, company, role } = user;
  return { token: tokenFor(call, { user: id, userName: name, company, role }) };
}

function validateToken({ server, body }: Call<{ readonly token: string }>): JsonObject {
  const claims = readToken(body.token, server.tokenSecret, server.now());
  const { user, company } = asObject(claims?.identity as Json);
  if (claims === undefined || server.accounts.isEnded(String(claims.session_id)))
    return { valid: false, msg: 'not a token of this server, expired, or ended' };
  return { valid: true, user, company };
}

function readToken(token: string, secret: string, now: number): JsonObject | undefined {
  try {
    return verifyToken(token, secret, Math.floor(now / 1000));
  } catch {
    return undefined;
  }
}

/** What a page to log in on may show of the guest. */
function guestOf({ server: { config, logins } }: Call): JsonObject {
  const username = config.get('services.auth.fixed_users.guest.username');
  if (logins.find(username)?.guest !== true) return { enabled: false };
  return {
    enabled: true,
    name: config.get('services.auth.fixed_users.guest.name'),
    username,
    password: config.get('services.auth.fixed_users.guest.password'),
  };
}

function fixedUsersMode(call: Call): JsonObject {
  return {
    enabled: call.server.logins.any,
    guest: guestOf(call),
    server_errors: { missed_es_upgrade: false },
  };
}

function supportedModes(call: Call): JsonObject {
  return {
    authenticated: call.identity.user !== '',
    basic: { enabled: call.server.logins.any, guest: guestOf(call) },
    sso: {},
    sso_providers: [],
    server_errors: { missed_es_upgrade: false, es_connection_error: false },
  };
}

/** Ends the session for longer than any of its tokens lives. */
function logout(call: Call): JsonObject {
  const { server, identity } = call;
  const expires = server.now() + server.config.get('apiserver.auth.max_expiration_sec') * 1000;
  if (identity.session !== undefined) server.accounts.endSession(identity.session, expires, server.now());
  call.setCookie?.(sessionCookie(server.config, undefined));
  return {};
}
