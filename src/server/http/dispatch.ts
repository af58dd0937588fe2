import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from '../api-error.js';
import type { Identity } from '../auth/accounts.js';
import { authenticate } from '../auth/authenticate.js';
import type { Call, Download, Endpoint, EndpointTable } from '../call.js';
import type { ServerContext } from '../context.js';
import type { JsonObject } from '../json.js';
import { Params } from '../params.js';
import { checkFields } from '../request-fields.js';
import { API_VERSION } from '../services/server-info.js';
import { storageError } from '../storage/database.js';
import { isOlder, parseEndpointPath, parseVersion } from './endpoint-path.js';
import { parseBody } from './request-body.js';

const MAY_ADMINISTER = new Set(['admin', 'root', 'system']);
/** Of endpoints that have been there from the start. */
const FIRST_VERSION = [1, 0] as const;
const NOBODY: Identity = { user: '', userName: '', company: '', role: '' };

/** A request whose endpoint is found and whose sender is known; its body has not been read yet. */
export interface Admitted {
  name: string;
  endpoint: Endpoint;
  identity: Identity;
  version: readonly [number, number];
}

export interface RequestHead {
  path: string;
  headers: IncomingHttpHeaders;
}

export interface RequestRest extends RequestHead {
  query: URLSearchParams;
  body: string;
  ip: string;
}

/** Turns requests into calls of the endpoint table. */
export class Dispatcher {
  readonly #server: ServerContext;
  readonly #endpoints: EndpointTable;
  readonly #secret: string;

  constructor(server: ServerContext, endpoints: EndpointTable, tokenSecret: string) {
    this.#server = server;
    this.#endpoints = endpoints;
    this.#secret = tokenSecret;
  }

  /** @throws ApiError 400, 401, 403, 404 or 415 */
  admit({ path, headers }: RequestHead): Admitted {
    const { name, version } = parseEndpointPath(path);
    const asked = parseVersion(version ?? API_VERSION);
    const endpoint = this.#endpointOf(name, asked);
    if (endpoint === undefined) throw new ApiError('unknown_endpoint', { name });
    const { 'content-encoding': encoding } = headers;
    if (encoding !== undefined && encoding !== 'identity') throw new ApiError('unsupported_media_type');
    return { name, endpoint, identity: this.#identify(endpoint, headers), version: asked };
  }

  /** The version of the endpoint that answers a request; `undefined` when there is none. */
  versionOf(name: string, requested: string): string | undefined {
    const endpoint = this.#endpointOf(name, parseVersion(requested));
    return endpoint === undefined ? undefined : (endpoint.since ?? FIRST_VERSION).join('.');
  }

  /** Who a request of the file server comes from. @throws ApiError 401 */
  authenticate(headers: IncomingHttpHeaders): Identity {
    return this.#server.database.transaction(() => authenticate(this.#server, headers, this.#secret));
  }

  /** Runs the endpoint in one transaction. @throws ApiError as the endpoint does */
  call(admitted: Admitted, rest: RequestRest): JsonObject | Download {
    const { fields, batch } = parseBody(rest.body, rest.headers['content-type'] ?? '', rest.query);
    const { endpoint, identity, version } = admitted;
    checkFields(fields, endpoint.fields ?? {});
    const { 'x-clearml-worker': worker, 'x-trains-worker': oldWorker } = rest.headers;
    const call: Call = {
      server: this.#server,
      params: new Params(fields),
      batch,
      identity,
      version,
      ip: clientAddress(rest),
      worker: String(worker ?? oldWorker ?? ''),
    };
    return this.#run(endpoint, call);
  }

  #identifyIfKnown(headers: IncomingHttpHeaders): Identity {
    try {
      return this.authenticate(headers);
    } catch (error) {
      if (error instanceof ApiError) return NOBODY;
      throw error;
    }
  }

  #endpointOf(name: string, asked: readonly [number, number]): Endpoint | undefined {
    let endpoint = Object.hasOwn(this.#endpoints, name) ? this.#endpoints[name] : undefined;
    while (endpoint !== undefined && isOlder(asked, endpoint.since ?? FIRST_VERSION)) {
      endpoint = endpoint.earlier;
    }
    return endpoint;
  }

  #run(endpoint: Endpoint, call: Call): JsonObject | Download {
    try {
      const outcome = this.#server.database.transaction(() => {
        try {
          return { data: endpoint.handler(call) };
        } catch (error) {
          if (error instanceof ApiError && error.keepsWrites) return { error };
          throw error;
        }
      });
      if ('error' in outcome) throw outcome.error;
      return outcome.data;
    } catch (error) {
      throw storageError(error);
    }
  }

  #identify(endpoint: Endpoint, headers: IncomingHttpHeaders): Identity {
    if (endpoint.access === 'open') return NOBODY;
    if (endpoint.access === 'optional') return this.#identifyIfKnown(headers);
    const identity = this.authenticate(headers);
    if (endpoint.access === 'admin' && !MAY_ADMINISTER.has(identity.role)) {
      throw new ApiError('role_not_allowed', { role: identity.role });
    }
    return identity;
  }
}

/** The address that a proxy in front names, else that of the connection. */
function clientAddress({ headers, ip }: RequestRest): string {
  const forwarded = headers['x-forwarded-for'] ?? headers['x-real-ip'];
  const first = String(forwarded ?? '')
    .split(',', 1)[0]
    ?.trim();
  return first === undefined || first === '' ? ip : first;
}
