import { AgentError } from '../errors.js';
import { readEnvelope } from './envelope.js';
import { type ApiError, isApiError } from './errors.js';
import type { HttpResponse } from './transport.js';

/** Keys of a user, or a token alone, which is then exchanged for newer ones. */
export type Credentials = { accessKey: string; secretKey: string } | { token: string };

/** The `Authorization` header of a login; `current` is the newest token of a client without keys. */
export function loginHeader(credentials: Credentials, current: string | undefined): string {
  if ('token' in credentials) return `Bearer ${current ?? credentials.token}`;
  const pair = `${credentials.accessKey}:${credentials.secretKey}`;
  return `Basic ${Buffer.from(pair, 'latin1').toString('base64')}`;
}

export interface LoginSource {
  server: string;
  credentials: Credentials;
  now: number;
}

/** @throws AgentError API_CREDENTIALS, API_ANSWER; ApiError */
export function readLogin(response: HttpResponse, { server, credentials, now }: LoginSource): string {
  const data = readAnswer(response, { server, credentials, now });
  const token = typeof data === 'object' && data !== null && 'token' in data ? data.token : undefined;
  if (typeof token === 'string' && token !== '') return token;
  throw new AgentError('API_ANSWER', `auth.login: expected a token from ${server}, got none`, {
    hint: 'Check that api.api_server is the address of a ClearML API server.',
  });
}

function readAnswer(response: HttpResponse, { server, credentials, now }: LoginSource): unknown {
  try {
    return readEnvelope(response, { server, endpoint: 'auth.login', now });
  } catch (error) {
    throw isApiError(error, 401) ? refusedCredentials(error, server, credentials) : error;
  }
}

function refusedCredentials(cause: ApiError, server: string, credentials: Credentials): AgentError {
  const what =
    'token' in credentials ? 'the token' : `access key ${credentials.accessKey} with its secret key`;
  return new AgentError('API_CREDENTIALS', `the API server ${server} refuses ${what}: ${cause.message}`, {
    hint: 'Create credentials in the web UI (Settings, Workspace) and put them into api.credentials of clearml.conf.',
    cause,
  });
}
