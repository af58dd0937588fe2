import path from 'node:path';
import { causeLine } from '../errors.js';
import { serveLines } from '../os/local-socket.js';
import { ApiError } from './api-error.js';
import { identityOf } from './auth/authenticate.js';
import type { ServerContext } from './context.js';
import type { Call, EndpointTable } from './endpoint.js';
import { isObject, type JsonObject } from './json.js';
import { linkEndpoints } from './services/auth.js';
import { credentialEndpoints } from './services/credentials.js';
import { userAdministrationEndpoints } from './services/user-administration.js';
import { vaultEndpoints } from './services/vaults.js';
import { API_VERSION, parseVersion } from './versions.js';

/** What `agent server users`, `credentials`, `vaults` and `link` call. */
const LOCAL: EndpointTable = {
  ...userAdministrationEndpoints,
  ...credentialEndpoints,
  ...vaultEndpoints,
  ...linkEndpoints,
};

/** A call of the folder's owner, without a log-in. */
export interface LocalCall {
  endpoint: string;
  body: JsonObject;
  /** With whose rights, by id; default: those of the folder's owner. */
  user?: string;
}

export type LocalAnswer = { data: JsonObject } | { error: string };

export function localSocket(folder: string): string {
  return path.join(folder, 'server.sock');
}

/**
 * Answers calls on a socket in the server's folder, which only its owner can open.
 *
 * @returns ends that
 */
export async function serveLocalCalls(
  server: ServerContext,
  folder: string,
  onFailure: ((error: unknown, endpoint: string) => void) | undefined,
): Promise<() => Promise<void>> {
  try {
    const lines = await serveLines(localSocket(folder), (asked) => answer(server, asked));
    return () => lines.close();
  } catch (error) {
    // A file system without sockets; everything else works.
    onFailure?.(error, 'server.sock');
    return async () => undefined;
  }
}

async function answer(server: ServerContext, asked: unknown): Promise<LocalAnswer> {
  if (!isObject(asked) || typeof asked.endpoint !== 'string' || !isObject(asked.body))
    return { error: 'expected an endpoint and a body' };
  const { endpoint, body, user } = asked;
  return callAsOwner(server, {
    endpoint,
    body: body as JsonObject,
    ...(typeof user === 'string' ? { user } : {}),
  });
}

/** Carries out a call for the folder's owner, who has the rights of all users. */
export async function callAsOwner(
  server: ServerContext,
  { endpoint: name, body, user = server.owner }: LocalCall,
): Promise<LocalAnswer> {
  const endpoint = Object.hasOwn(LOCAL, name) ? LOCAL[name] : undefined;
  const caller = server.users.find(user);
  if (endpoint === undefined || caller === undefined) return { error: `no such call: ${name}` };
  const call: Call = {
    server,
    body,
    identity: identityOf(caller),
    version: parseVersion(API_VERSION),
    ip: '',
    worker: '',
  };
  try {
    const awaited = await endpoint.wait?.(call as Call<never>, new AbortController().signal);
    const data = await server.database.grouped(() => endpoint.handler({ ...call, awaited } as Call<never>));
    return isObject(data) ? { data } : { error: `not for a socket: ${name}` };
  } catch (error) {
    if (error instanceof ApiError) return { error: error.message };
    return { error: causeLine(error) };
  }
}
