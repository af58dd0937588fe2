import { randomUUID } from 'node:crypto';
import { ApiError } from '../api-error.js';
import { COMPANY_NAME, type Identity, newKeyPair } from '../auth/accounts.js';
import { identityOf } from '../auth/authenticate.js';
import { signToken, verifyToken } from '../auth/token.js';
import type { Call, EndpointTable } from '../call.js';
import type { JsonObject } from '../json.js';
import { API_VERSION, SERVER_VERSION } from './server-info.js';

/** Life of a token unless asked otherwise. Agents log in before each call when less than 12 hours are left. */
const TOKEN_LIFE_S = 30 * 24 * 3600;
const MAX_TOKEN_LIFE_S = 31_536_000;

/** Endpoints of logging in; the secret signs the tokens. */
export function authEndpoints(secret: string): EndpointTable {
  return {
    'auth.login': { handler: (call) => ({ token: tokenFor(call, call.identity, secret) }) },
    'auth.logout': { handler: logout },
    'auth.get_token_for_user': {
      handler: (call) => tokenForUser(call, secret),
      access: 'admin',
      fields: { user: 'text!' },
    },
    'auth.validate_token': {
      handler: (call) => validate(call, secret),
      access: 'admin',
      fields: { token: 'text!' },
    },
    'auth.get_credentials': { handler: getCredentials },
    'auth.create_credentials': { handler: createCredentials },
    'auth.edit_credentials': { handler: editCredentials, fields: { access_key: 'text!' } },
    'auth.revoke_credentials': { handler: revokeCredentials, fields: { access_key: 'text!' } },
    // There is no page to log in on.
    'login.supported_modes': { handler: supportedModes, access: 'optional' },
    'login.logout': { handler: logout },
    'auth.fixed_users_mode': {
      handler: () => ({
        enabled: false,
        guest: { enabled: false },
        server_errors: { missed_es_upgrade: false },
      }),
      access: 'open',
    },
  };
}

function tokenFor({ server, params }: Call, identity: Identity, secret: string): string {
  const life = params.integer('expiration_sec', TOKEN_LIFE_S);
  if (life > MAX_TOKEN_LIFE_S) {
    throw new ApiError('validation_error', { expiration_sec: life }, `at most ${MAX_TOKEN_LIFE_S}`);
  }
  const now = Math.floor(server.now() / 1000);
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
    },
    api_version: API_VERSION,
    server_version: SERVER_VERSION,
    server_build: '0',
    feature_set: 'basic',
  };
  return signToken(claims, secret);
}

function supportedModes({ identity }: Call): JsonObject {
  return {
    authenticated: identity.user !== '',
    basic: { enabled: false, guest: { enabled: false } },
    sso: {},
    sso_providers: [],
    server_errors: { missed_es_upgrade: false, es_connection_error: false },
  };
}

function logout({ server, identity }: Call): JsonObject {
  const expires = server.now() + MAX_TOKEN_LIFE_S * 1000;
  if (identity.session !== undefined) server.accounts.endSession(identity.session, expires, server.now());
  return {};
}

function tokenForUser(call: Call, secret: string): JsonObject {
  const id = call.params.text('user');
  const user = call.server.users.find(id);
  if (user === undefined) throw new ApiError('invalid_user_id', { id });
  return { token: tokenFor(call, identityOf(user), secret) };
}

function validate({ server, params }: Call, secret: string): JsonObject {
  const claims = safeClaims(params.text('token'), secret, Math.floor(server.now() / 1000));
  const identity = claims?.identity;
  const { user, company } = typeof identity === 'object' && identity !== null ? (identity as JsonObject) : {};
  const ended = typeof claims?.session_id === 'string' && server.accounts.isEnded(claims.session_id);
  const valid = typeof user === 'string' && !ended && server.users.has(user);
  return valid ? { valid, user, company } : { valid, msg: 'invalid token' };
}

function safeClaims(token: string, secret: string, now: number): JsonObject | undefined {
  try {
    return verifyToken(token, secret, now);
  } catch {
    return undefined;
  }
}

function getCredentials({ server, identity }: Call): JsonObject {
  return { credentials: server.accounts.keysOf(identity.user) };
}

/** The only time that the secret is shown. */
function createCredentials({ server, identity, params }: Call): JsonObject {
  const keys = newKeyPair();
  const label = params.optionalText('label');
  server.accounts.addKeys(keys, identity.user, label);
  return {
    credentials: {
      access_key: keys.accessKey,
      secret_key: keys.secretKey,
      ...(label === undefined ? {} : { label }),
    },
  };
}

function editCredentials({ server, identity, params }: Call): JsonObject {
  const key = params.text('access_key');
  if (!server.accounts.relabel(key, identity.user, params.optionalText('label'))) {
    throw new ApiError('invalid_access_key', { access_key: key });
  }
  return { updated: 1 };
}

function revokeCredentials({ server, identity, params }: Call): JsonObject {
  const key = params.text('access_key');
  if (!server.accounts.revoke(key, identity.user))
    throw new ApiError('invalid_user', { access_key: key }, 'no such key of the user');
  return { revoked: 1 };
}
