import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { systemCode } from '../../errors.js';
import { ApiError } from '../api-error.js';
import { authenticate } from '../auth/authenticate.js';
import type { ServerContext } from '../context.js';
import type { ApiOptions, Failure } from '../http/api-listener.js';
import { closesAfterAnswer } from '../http/connections.js';
import { originHeaders } from '../http/origins.js';
import type { SharedSettings } from '../listening/listen.js';
import { deleteMany, removeFile } from './removal.js';
import { fileOf, receiveUpload } from './upload.js';

/** The file server: artifacts, models and images of tasks, kept as plain files below one folder. */
export async function fileListener(
  server: ServerContext,
  folder: string,
  { onFailure, figures }: ApiOptions,
  shared: SharedSettings,
): Promise<FastifyInstance> {
  await prepareFolder(folder);
  const { default: fastify } = await import('fastify');
  const app = fastify({
    ...shared,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 4096 },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) =>
    done(null, body),
  );
  // Uploads are read as a stream by the handler.
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.addHook('onRequest', async (request, reply) => {
    originHeaders(server, request, reply);
    if (request.headers['content-encoding'] !== undefined) throw new ApiError('unsupported_media_type');
    if (isProbe(request)) return;
    const { method, headers, ip } = request;
    const { role } = await authenticate(server, { method, headers, ip });
    if (role === 'guest' && method !== 'GET' && method !== 'HEAD')
      throw new ApiError('role_not_allowed', { role });
  });
  app.addHook('onSend', closesAfterAnswer);
  app.addHook('onResponse', async (_request, reply) => figures.answered('files', reply));
  app.setErrorHandler((error, request, reply) => fail(error, request, reply, onFailure));
  app.get('/', (request, reply) =>
    isProbe(request) ? reply.code(405).header('allow', 'POST').send('Method not allowed') : 'OK',
  );
  app.post('/', async (request, reply) => reply.send(await receiveUpload(request.raw, folder)));
  app.post('/delete_many', async (request) => deleteMany(request.body, folder));
  app.route({
    method: ['GET', 'HEAD'],
    url: '/*',
    handler: (request, reply) => download(request, reply, folder),
  });
  app.delete('/*', async (request, reply) => {
    const wirePath = wirePathOf(request);
    await removeFile(folder, wirePath);
    return reply.type('application/json').send(JSON.stringify(wirePath.replace(/^\/+/, '')));
  });
  return app;
}

/** What monitors ask: a `GET /` without credentials. The answer 405 shows that the file server takes uploads there. */
function isProbe({ url, method, headers }: FastifyRequest): boolean {
  return (
    url === '/' && method === 'GET' && headers.authorization === undefined && headers.cookie === undefined
  );
}

/**
 * Files are shown on the page's origin, too. A document among them has an origin of its own, so that its scripts reach neither the
 * page nor the API with the cookie of the session.
 */
const SAFE_HEADERS = {
  'content-security-policy': "sandbox allow-scripts; frame-ancestors 'self'",
  'x-content-type-options': 'nosniff',
};

/** Makes the folder, and removes what uploads left that a crash cut short. */
async function prepareFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const leftovers = (await readdir(folder)).filter((name) => name.startsWith('.upload-'));
  await Promise.all(leftovers.map((name) => rm(path.join(folder, name), { force: true })));
}

/** Refusals that concern the request's own headers; the file is there. */
const UNMET: Readonly<Record<number, string>> = {
  412: 'Precondition failed',
  416: 'Range not satisfiable',
};

/** Ranges, entity tags and conditions are the library's. */
async function download(request: FastifyRequest, reply: FastifyReply, folder: string): Promise<FastifyReply> {
  const wirePath = wirePathOf(request);
  const file = fileOf(folder, wirePath);
  const { default: send } = await import('@fastify/send');
  const encoded = path.relative(folder, file).split(path.sep).map(encodeURIComponent).join('/');
  const { type, statusCode, headers, stream } = await send(request.raw, `/${encoded}`, {
    root: folder,
    index: false,
    dotfiles: 'allow',
    cacheControl: false,
  });
  const unmet = UNMET[statusCode];
  if (type === 'error' && unmet !== undefined) {
    stream.destroy();
    const range = headers['Content-Range'];
    if (range !== undefined) reply.header('content-range', range);
    return reply.code(statusCode).send({ message: unmet });
  }
  if (type !== 'file') throw new ApiError('unknown_endpoint', { path: wirePath });
  reply.code(statusCode).headers(headers).headers(SAFE_HEADERS);
  // A compressed artifact is its content; a client must not unpack it on the way.
  if (file.endsWith('.gz')) reply.type('application/octet-stream');
  if (/[?&]download\b/.test(request.url)) {
    reply.header(
      'content-disposition',
      `attachment; filename*=UTF-8''${encodeURIComponent(path.basename(file))}`,
    );
  }
  return reply.send(stream);
}

function wirePathOf(request: FastifyRequest): string {
  try {
    return decodeURIComponent(request.url.split('?', 1)[0] ?? '');
  } catch {
    throw new ApiError('bad_request', { path: request.url });
  }
}

function fail(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  onFailure: Failure,
): FastifyReply {
  if (error instanceof ApiError) return reply.code(error.status).send({ message: error.message });
  const isFull = FULL.has(systemCode(error) ?? '');
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status < 500) return reply.code(status).send({ message: 'Bad request' });
  onFailure(error, `file server ${request.method}`);
  return reply.code(500).send({ message: isFull ? 'No space left on the disk' : 'Internal error' });
}

const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'SQLITE_FULL']);
