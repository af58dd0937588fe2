import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.js';
import { Download } from '../call.js';
import type { JsonObject } from '../json.js';
import { API_VERSION } from '../services/server-info.js';
import type { Admitted, Dispatcher } from './dispatch.js';
import { parseEndpointPath } from './endpoint-path.js';
import { envelope } from './envelope.js';

/** Clients cut batches at 15 MB of characters, which are up to four bytes each. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** Well above the polling interval of agents: a connection closed just as it is used again breaks a call. */
export const KEEP_ALIVE_MS = 75_000;

export type Failure = (error: unknown, endpoint: string) => void;

/** The HTTP side of the API: any method, a body with any of them, the envelope around every answer. */
export async function apiListener(dispatcher: Dispatcher, onFailure: Failure): Promise<FastifyInstance> {
  const { default: fastify } = await import('fastify');
  const app = fastify({
    bodyLimit: MAX_BODY_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    frameworkErrors: (error, request, reply) =>
      answer(dispatcher, request, reply, refusal(error, '', onFailure)),
  });
  // Agents and the Python SDK send their bodies with GET.
  app.addHttpMethod('GET', { hasBody: true, overrideExisting: true });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  const admitted = new WeakMap<FastifyRequest, Admitted>();
  app.addHook('onRequest', async (request, reply) => {
    if (request.method === 'OPTIONS') return preflight(reply);
    admitted.set(request, dispatcher.admit({ path: pathOf(request), headers: request.headers }));
  });
  app.setErrorHandler((error, request, reply) =>
    answer(dispatcher, request, reply, refusal(error, pathOf(request), onFailure)),
  );
  const handle = (request: FastifyRequest, reply: FastifyReply) => {
    const call = admitted.get(request);
    if (call === undefined) throw new ApiError('bad_request');
    const rest = { path: pathOf(request), headers: request.headers, query: queryOf(request), ip: request.ip };
    const body = typeof request.body === 'string' ? request.body : '';
    const data = dispatcher.call(call, { ...rest, body });
    return data instanceof Download ? download(reply, data) : answer(dispatcher, request, reply, { data });
  };
  const methods = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];
  app.route({ method: methods, url: '/*', handler: handle });
  return app;
}

function preflight(reply: FastifyReply): FastifyReply {
  return signed(reply)
    .header('access-control-allow-headers', '*')
    .header('access-control-allow-methods', 'GET, POST, PUT, OPTIONS')
    .send('');
}

/** Headers of every answer. Cookies are not read, so a page of another site has no credentials here. */
function signed(reply: FastifyReply): FastifyReply {
  return reply.header('server', 'clearml').header('access-control-allow-origin', '*');
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '';
}

function queryOf(request: FastifyRequest): URLSearchParams {
  const mark = request.url.indexOf('?');
  return new URLSearchParams(mark === -1 ? '' : request.url.slice(mark + 1));
}

function download(reply: FastifyReply, { text, fileName }: Download): FastifyReply {
  return signed(reply)
    .type('text/plain; charset=utf-8')
    .header('content-disposition', `attachment; filename="${fileName}"`)
    .send(text);
}

function answer(
  dispatcher: Dispatcher,
  request: FastifyRequest,
  reply: FastifyReply,
  result: { data: JsonObject } | { error: ApiError },
): FastifyReply {
  const { name, version } = endpointOf(request);
  const trx = request.headers['x-clearml-trx'] ?? request.headers['x-trains-trx'];
  const content = envelope({
    endpoint: name,
    requestedVersion: version ?? API_VERSION,
    actualVersion: dispatcher.versionOf(name, version ?? API_VERSION),
    trx: typeof trx === 'string' ? trx : undefined,
    result,
  });
  signed(reply)
    .code('error' in result ? result.error.status : 200)
    .type('application/json; charset=utf-8');
  return reply.send(JSON.stringify(content));
}

function endpointOf(request: FastifyRequest): { name: string; version: string | undefined } {
  try {
    return parseEndpointPath(pathOf(request));
  } catch {
    return { name: pathOf(request).slice(1), version: undefined };
  }
}

/** What the client sees of an error: refusals as they are, bugs without their details. */
function refusal(error: unknown, path: string, onFailure: Failure): { error: ApiError } {
  if (error instanceof ApiError) return { error };
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : 500;
  if (status === 413) return { error: new ApiError('body_too_large', { max_bytes: MAX_BODY_BYTES }) };
  if (typeof status === 'number' && status < 500) {
    return { error: new ApiError('bad_request', {}, error instanceof Error ? error.message : undefined) };
  }
  onFailure(error, path.slice(1));
  return { error: new ApiError('general_error') };
}
