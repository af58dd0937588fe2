import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.js';
import { authenticate } from '../auth/authenticate.js';
import type { ServerContext } from '../context.js';
import { Download, type EndpointTable, EventStream, JsonText, Page } from '../endpoint.js';
import { type ServerFigures, serviceOf } from '../figures.js';
import { newId } from '../ids.js';
import type { JsonObject } from '../json.js';
import type { SharedSettings } from '../listening/listen.js';
import { storageError } from '../storage/database.js';
import { API_VERSION } from '../versions.js';
import { closesAfterAnswer } from './connections.js';
import { bySince, endpointPath, routeUrl } from './endpoint-path.js';
import { streamEvents } from './event-stream.js';
import { originHeaders } from './origins.js';
import { parseBody } from './request-body.js';
import { addRoutes, type Succeed, sinceOf } from './routes.js';
import { AJV_OPTIONS } from './validation.js';

/** Clients cut batches at 15 MB of characters, which are up to four bytes each. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** The call that answers when there is something to do. */
const WAIT = '/queues.wait_for_tasks';

export type Failure = (error: unknown, endpoint: string) => void;

export interface ApiOptions {
  figures: ServerFigures;
  onFailure: Failure;
  /** Milliseconds between two checks of the session of an open stream. */
  sessionCheckMs?: number | undefined;
}

/** The HTTP side of the API: any method, a body with any of them, the envelope around every answer. */
export async function apiListener(
  server: ServerContext,
  endpoints: EndpointTable,
  options: ApiOptions,
  shared: SharedSettings,
): Promise<FastifyInstance> {
  const { default: fastify } = await import('fastify');
  const fail = (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
    answer(request, reply, refusal(error, request.originalUrl, options.onFailure));
  const succeed: Succeed = (request, reply, data) => {
    if (data instanceof Page) return frame(reply, data);
    if (data instanceof EventStream)
      return streamEvents(signed(reply), data, checkOf(server, request), options.sessionCheckMs);
    return data instanceof Download ? download(reply, data) : answer(request, reply, { data });
  };
  const app = fastify({
    ...shared,
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    frameworkErrors: fail,
    rewriteUrl: routeUrl,
    routerOptions: {
      constraints: { since: bySince },
      // The router cannot refuse a request, so the text is read later.
      querystringParser: (text) => ({ text }),
    },
    ajv: AJV_OPTIONS,
  });
  // Agents and the Python SDK send their bodies with GET.
  for (const method of ['GET', 'HEAD']) app.addHttpMethod(method, { hasBody: true, overrideExisting: true });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, async (request: FastifyRequest, text: string) =>
    parseBody(text, request.headers['content-type'] ?? ''),
  );
  app.decorateRequest('identity');
  app.addHook('onRequest', async (request, reply) => {
    originHeaders(server, request, reply);
  });
  app.addHook('onSend', closesAfterAnswer);
  app.addHook('onResponse', async (request, reply) => {
    options.figures.answered(serviceOf(request), reply, request.routeOptions.url === WAIT);
  });
  app.setErrorHandler(fail);
  app.setNotFoundHandler((request) => {
    const path = endpointPath(request.originalUrl);
    if (path !== undefined) throw new ApiError('unknown_endpoint', { name: path.name });
    throw new ApiError('bad_request', { path: pathOf(request) }, 'expected /[v<version>/]<service>.<action>');
  });
  app.options('/*', (_request, reply) => preflight(reply));
  for (const [name, endpoint] of Object.entries(endpoints)) addRoutes(app, server, name, endpoint, succeed);
  return app;
}

/** Whether the one who asked may still ask; throws if not. */
function checkOf(
  server: ServerContext,
  { method, headers, ip, routeOptions }: FastifyRequest,
): () => Promise<unknown> {
  const { endpoint } = routeOptions.config ?? {};
  const asking = { method, headers, ip, endpoint: endpoint && routeOptions.url?.slice(1) };
  return () => authenticate(server, asking);
}

function preflight(reply: FastifyReply): FastifyReply {
  return signed(reply)
    .header('access-control-allow-headers', '*')
    .header('access-control-allow-methods', 'GET, POST, PUT, OPTIONS')
    .send('');
}

/** Headers of every answer. */
function signed(reply: FastifyReply): FastifyReply {
  return reply.header('server', 'clearml');
}

function pathOf(request: FastifyRequest): string {
  return request.originalUrl.split('?', 1)[0] ?? '';
}

function download(reply: FastifyReply, { content, fileName, type }: Download): FastifyReply {
  return signed(reply)
    .type(type)
    .header('content-disposition', `attachment; filename="${fileName}"`)
    .header('x-content-type-options', 'nosniff')
    .header('content-security-policy', "default-src 'none'; sandbox")
    .send(
      typeof content === 'string' || Buffer.isBuffer(content)
        ? content
        : Readable.from(content, { objectMode: false }),
    );
}

/** What applications write: without scripts, in frames of this server's page only. */
const FRAME_POLICY =
  "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'";

function frame(reply: FastifyReply, { html }: Page): FastifyReply {
  return signed(reply)
    .type('text/html; charset=utf-8')
    .header('content-security-policy', FRAME_POLICY)
    .header('x-content-type-options', 'nosniff')
    .header('referrer-policy', 'no-referrer')
    .header('cache-control', 'no-store')
    .send(html);
}

function answer(request: FastifyRequest, reply: FastifyReply, result: Outcome['result']): FastifyReply {
  const { endpoint } = request.routeOptions.config ?? {};
  const path = endpointPath(request.originalUrl);
  const trx = request.headers['x-clearml-trx'] ?? request.headers['x-trains-trx'];
  const content = envelope({
    endpoint: path?.name ?? pathOf(request).slice(1),
    requestedVersion: path?.version ?? API_VERSION,
    actualVersion: endpoint === undefined ? undefined : sinceOf(endpoint),
    trx: typeof trx === 'string' ? trx : undefined,
    result,
  });
  const text = JSON.stringify(content);
  const whole = 'data' in result && result.data instanceof JsonText ? withData(text, result.data.json) : text;
  return signed(reply)
    .code('error' in result ? result.error.status : 200)
    .type('application/json; charset=utf-8')
    .send(whole);
}

/** The data of the envelope, which come last, are replaced. */
function withData(text: string, json: string): string {
  return `${text.slice(0, -'{}}'.length)}${json}}`;
}

/** What the client sees of an error: refusals as they are, bugs without their details. */
function refusal(thrown: unknown, path: string, onFailure: Failure): { error: ApiError } {
  const error = storageError(thrown);
  if (error instanceof ApiError) {
    if (error.cause !== undefined) onFailure(error.cause, path.slice(1));
    return { error };
  }
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : 500;
  if (status === 413) return { error: new ApiError('body_too_large', { max_bytes: MAX_BODY_BYTES }) };
  if (typeof status === 'number' && status < 500) {
    return { error: new ApiError('bad_request', {}, error instanceof Error ? error.message : undefined) };
  }
  onFailure(error, path.slice(1));
  return { error: new ApiError('general_error') };
}

interface Outcome {
  endpoint: string;
  /** Version texts; a number would be misread by clients, which refuse an integer. */
  requestedVersion: string;
  /** Of the endpoint that answers; `undefined` when there is none. */
  actualVersion: string | undefined;
  /** Transaction id of the client, echoed. */
  trx?: string | undefined;
  result: { data: JsonObject | JsonText } | { error: ApiError };
}

/** The object that every answer is wrapped in; `data` is an object even when there is nothing to say. */
function envelope(outcome: Outcome): JsonObject {
  const id = newId();
  const failure = 'error' in outcome.result ? outcome.result.error : undefined;
  return {
    meta: {
      id,
      trx: outcome.trx ?? id,
      endpoint: {
        name: outcome.endpoint,
        requested_version: outcome.requestedVersion,
        actual_version: outcome.actualVersion ?? null,
      },
      result_code: failure?.status ?? 200,
      result_subcode: failure?.subcode ?? 0,
      result_msg: failure?.message ?? 'OK',
      error_stack: null,
      error_data: failure?.data ?? {},
    },
    data: 'data' in outcome.result && !(outcome.result.data instanceof JsonText) ? outcome.result.data : {},
  };
}
