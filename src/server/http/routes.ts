import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.js';
import type { Identity } from '../auth/accounts.js';
import { type Asking, authenticate } from '../auth/authenticate.js';
import { requirePermission } from '../auth/roles.js';
import type { ServerContext } from '../context.js';
import { type Answer, type Call, type Endpoint, JsonText } from '../endpoint.js';
import { isObject, type JsonObject } from '../json.js';
import { Patterns, UnsettledPatterns } from '../query/patterns/patterns.js';
import { isLongRead } from '../reading/long-reads.js';
import { ReaderFailure } from '../reading/reader.js';
import { storageError } from '../storage/database.js';
import { API_VERSION, parseVersion } from '../versions.js';
import { endpointPath } from './endpoint-path.js';
import { parameters } from './request-body.js';
import { refusalOf } from './validation.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    endpoint?: Endpoint;
  }
  interface FastifyRequest {
    identity: Identity;
  }
}

/** Sends what an endpoint answers. */
export type Succeed = (request: FastifyRequest, reply: FastifyReply, data: Answer) => FastifyReply;

const ANONYMOUS: Identity = { user: '', userName: '', company: '', role: '' };
const METHODS = ['DELETE', 'GET', 'HEAD', 'PATCH', 'POST', 'PUT'];

/** Adds the route of an endpoint, and of what answers earlier versions: any method, a body with any of them. */
export function addRoutes(
  app: FastifyInstance,
  server: ServerContext,
  name: string,
  endpoint: Endpoint,
  succeed: Succeed,
  isEarlier = false,
): void {
  const byVersion = isEarlier || endpoint.since !== undefined;
  app.route({
    method: METHODS,
    url: `/${name}`,
    ...(byVersion ? { constraints: { since: sinceOf(endpoint) } } : {}),
    config: { endpoint },
    onRequest: async (request) => {
      const { 'content-encoding': encoding } = request.headers;
      if (encoding !== undefined && encoding !== 'identity') throw new ApiError('unsupported_media_type');
      const { method, headers, ip } = request;
      request.identity = await identify(server, endpoint, { method, headers, ip, endpoint: name });
    },
    preValidation: async (request) => {
      const body = wholeBody(endpoint, request);
      // Compiled with the first request: all of them at the start would take seconds and 30 MB.
      const isValid = request.compileValidationSchema(endpoint.body);
      if (!isValid(body)) throw refusalOf(isValid.errors ?? []);
      request.body = body;
    },
    handler: async (request, reply) => {
      const call = callOf(server, request, reply);
      const awaited = await endpoint.wait?.(call as Call<never>, goneSignal(reply));
      const isLong = !isEarlier && isLongRead(name, call);
      const read = isLong ? await readBeside(server, name, call) : undefined;
      return succeed(request, reply, read ?? (await settled(server, endpoint, { ...call, awaited })));
    },
  });
  if (endpoint.earlier !== undefined) addRoutes(app, server, name, endpoint.earlier, succeed, true);
}

/** The first API version that has an endpoint. */
export function sinceOf({ since = [1, 0] }: Endpoint): string {
  return since.join('.');
}

/** Aborts when the client closes the connection before it has its answer. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return gone.signal;
}

/** Fields of the query string are laid over those of the body. */
function wholeBody({ body: schema }: Endpoint, { body, query }: FastifyRequest): JsonObject | unknown[] {
  const { text = '' } = query as { text?: string };
  const object = { ...(isObject(body) ? body : {}), ...parameters(new URLSearchParams(text)) };
  if (schema.type !== 'array') return object;
  if (Array.isArray(body)) return body;
  return body === undefined || body === null ? [] : [object];
}

function callOf(server: ServerContext, request: FastifyRequest, reply: FastifyReply): Call {
  const { 'x-clearml-worker': worker, 'x-trains-worker': oldWorker } = request.headers;
  return {
    server: { ...server, patterns: new Patterns(server.backtracking) },
    body: request.body,
    identity: request.identity,
    version: parseVersion(endpointPath(request.originalUrl)?.version ?? API_VERSION),
    ip: request.ip,
    worker: String(worker ?? oldWorker ?? ''),
    setCookie: (cookie) => void reply.header('set-cookie', cookie),
  };
}

/** Asks the thread of readers; `undefined` if it cannot read. */
async function readBeside(
  { reader, database, now }: ServerContext,
  name: string,
  { body, identity, version, ip, worker }: Call,
): Promise<JsonText | undefined> {
  try {
    const job = { kind: 'call', endpoint: name, body, identity, version, ip, worker, now: now() } as const;
    const outcome = await reader.run(job);
    await database.settled();
    return 'json' in outcome ? new JsonText(outcome.json) : undefined;
  } catch (error) {
    if (error instanceof ReaderFailure) return undefined;
    throw error;
  }
}

/** Runs the endpoint; and again, if it met patterns that are matched elsewhere and texts that were not seen before. */
async function settled(server: ServerContext, endpoint: Endpoint, call: Call): Promise<Answer> {
  for (;;) {
    try {
      return await run(server, endpoint, call);
    } catch (error) {
      if (!(error instanceof UnsettledPatterns)) throw error;
      await call.server.patterns.settle();
    }
  }
}

/** Runs the endpoint in one transaction. @throws ApiError as the endpoint does */
async function run(server: ServerContext, endpoint: Endpoint, call: Call): Promise<Answer> {
  try {
    const outcome = await server.database.grouped(() => {
      try {
        return { data: endpoint.handler(call as Call<never>) };
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

/** @throws ApiError 401, 403 */
async function identify(server: ServerContext, { access }: Endpoint, asking: Asking): Promise<Identity> {
  if (access === 'open') return ANONYMOUS;
  if (access === 'optional') return identifyIfKnown(server, asking);
  const identity = await authenticate(server, asking);
  requirePermission(identity, asking.endpoint ?? '', access);
  return identity;
}

async function identifyIfKnown(server: ServerContext, asking: Asking): Promise<Identity> {
  try {
    return await authenticate(server, asking);
  } catch (error) {
    if (error instanceof ApiError) return ANONYMOUS;
    throw error;
  }
}
