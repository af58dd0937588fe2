import { randomUUID } from 'node:crypto';
import { ApiError } from '../api-error.js';
import { COMPANY_NAME, type Identity, newKeyPair } from '../auth/accounts.js';
import { signToken } from '../auth/token.js';
import { type Call, type CallWith, type EndpointTable, endpoint, reservedEndpoint } from '../endpoint.js';
import type { JsonObject } from '../json.js';
import { integer, required, text, withDefault } from '../schema.js';
import { API_VERSION, QUEUE_WAIT_S, SERVER_VERSION } from '../versions.js';

/** Life of a token unless asked otherwise. Agents log in before each call when less than 12 hours are left. */
const TOKEN_LIFE_S = 30 * 24 * 3600;
const MAX_TOKEN_LIFE_S = 31_536_000;

const LIFE = {
  expiration_sec: withDefault({ ...integer, maximum: MAX_TOKEN_LIFE_S }, TOKEN_LIFE_S),
} as const;
type LifeCall = CallWith<typeof LIFE>;

const KEY = { access_key: required(text), label: text } as const;

/** Endpoints of logging in. */
export const authEndpoints: EndpointTable = {
  'auth.login': endpoint(LIFE, (call) => ({ token: tokenFor(call, call.identity) })),
  'auth.logout': endpoint({}, logout),
  'auth.get_token_for_user': reservedEndpoint(),
  'auth.validate_token': reservedEndpoint(),
  'auth.get_credentials': endpoint({}, getCredentials),
  'auth.create_credentials': endpoint({ label: text }, createCredentials),
  'auth.edit_credentials': endpoint(KEY, editCredentials),
  'auth.revoke_credentials': endpoint({ access_key: required(text) }, revokeCredentials),
  // There is no page to log in on.
  'login.supported_modes': endpoint({}, supportedModes, { access: 'optional' }),
  'login.logout': endpoint({}, logout),
  'auth.fixed_users_mode': endpoint(
    {},
    () => ({ enabled: false, guest: { enabled: false }, server_errors: { missed_es_upgrade: false } }),
    { access: 'open' },
  ),
};

function tokenFor({ server, body }: LifeCall, identity: Identity): string {
  const now = Math.floor(server.now() / 1000);
  const claims = {
    exp: now + body.expiration_sec,
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
    queue_wait_sec: QUEUE_WAIT_S,
  };
  return signToken(claims, server.tokenSecret);
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

function getCredentials({ server, identity }: Call): JsonObject {
  return { credentials: server.accounts.keysOf(identity.user) };
}

/** The only time that the secret is shown. */
function createCredentials({ server, identity, body }: Call<{ readonly label?: string }>): JsonObject {
  const keys = newKeyPair();
  const label = body.label;
  server.accounts.addKeys(keys, identity.user, label);
  return {
    credentials: {
      access_key: keys.accessKey,
      secret_key: keys.secretKey,
      ...(label === undefined ? {} : { label }),
    },
  };
}

function editCredentials({ server, identity, body }: CallWith<typeof KEY>): JsonObject {
  const key = body.access_key;
  if (!server.accounts.relabel(key, identity.user, body.label)) {
    throw new ApiError('invalid_access_key', { access_key: key });
  }
  return { updated: 1 };
}

function revokeCredentials({ server, identity, body }: Call<{ readonly access_key: string }>): JsonObject {
  const key = body.access_key;
  if (!server.accounts.revoke(key, identity.user))
    throw new ApiError('invalid_user', { access_key: key }, 'no such key of the user');
  return { revoked: 1 };
}
