import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isMissing } from '../../os/files.js';
import { ApiError } from '../api-error.js';
import { requireOwnHost } from '../auth/browser-requests.js';
import type { ServerContext } from '../context.js';
import type { ServerFigures } from '../figures.js';
import type { Failure } from '../http/api-listener.js';
import type { SharedSettings } from '../listening/listen.js';
import { type Addresses, addressesFor, type Reached } from './addresses.js';
import { BUILT_PAGE, BuiltPage, type PageFile } from './built-page.js';
import { pageText } from './page.js';

export interface WebOptions {
  /** The addresses that an administrator has set. */
  displayed: Partial<Addresses>;
  figures: ServerFigures;
  onFailure: Failure;
  /** Folder of the built page; default: that of this package. */
  builtPage: string | undefined;
  /** All services share the port of the page. */
  onePort: boolean;
  pathPrefix: string;
  /** Where the services listen; known when all of them do. */
  own: () => Addresses;
}

/** Nothing of another site in the page, and the page in no other site. */
const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "frame-src 'self'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');
/** Of what this server writes itself while there is no built page. */
const PLAIN_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

const YEAR_S = 31_536_000;
/** Files whose names have a digest of their content. */
const HASHED = /^assets\//;

/** The page's port: the built page, and what a web application asks for first. */
export async function webListener(
  server: ServerContext,
  options: WebOptions,
  shared: SharedSettings,
): Promise<FastifyInstance> {
  const { default: fastify } = await import('fastify');
  const page = await BuiltPage.open(options.builtPage ?? BUILT_PAGE, `${options.pathPrefix}/`);
  const app = fastify({ ...shared, forceCloseConnections: 'idle' });
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ ...SECURITY_HEADERS, 'content-security-policy': page ? POLICY : PLAIN_POLICY });
    requireOwnHost(server, request);
  });
  app.addHook('onResponse', async (_request, reply) => options.figures.answered('web', reply));
  app.get('/configuration.json', (request, reply) => {
    const { api: apiServer, files: filesServer } = addressesSeen(request, options);
    return reply
      .header('cache-control', 'no-store')
      .send({ displayedServerUrls: { apiServer, filesServer } });
  });
  app.get('/*', (request, reply) => {
    if (page !== undefined) return sendPage(page, request, reply);
    if (nameOf(request) !== '') return notFound(reply);
    return reply.type('text/html; charset=utf-8').send(pageText(addressesSeen(request, options)));
  });
  app.setNotFoundHandler((_request, reply) => notFound(reply));
  app.setErrorHandler((error, request, reply) => refuse(error, request, reply, options.onFailure));
  return app;
}

/** A file by its name; the document for every route, whose last part has no dot. */
async function sendPage(
  page: BuiltPage,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const name = nameOf(request);
  const accepted = String(request.headers['accept-encoding'] ?? '');
  const isRoute = !page.has(name) && !HASHED.test(name) && !/\.[^/]*$/.test(name);
  if (!isRoute && !page.has(name)) return notFound(reply);
  const file = await (isRoute ? page.index(accepted) : page.read(name, accepted)).catch((error: unknown) => {
    // An upgrade of the package replaces the files of the server that runs; the page starts again without one.
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (file === undefined) return notFound(reply);
  const cache = HASHED.test(name) ? `public, max-age=${YEAR_S}, immutable` : 'no-cache';
  reply.headers({ 'cache-control': cache, etag: file.etag, vary: 'Accept-Encoding' });
  if (isKnown(request, file)) return reply.code(304).send();
  if (file.encoding !== undefined) reply.header('content-encoding', file.encoding);
  return reply.type(file.type).send(file.bytes);
}

function isKnown({ headers }: FastifyRequest, { etag }: PageFile): boolean {
  const known = headers['if-none-match'] ?? '';
  return known.split(',').some((one) => one.trim().replace(/^W\//, '') === etag);
}

/** The path without its slash, as a file would be named. */
function nameOf({ url }: FastifyRequest): string {
  const [path = ''] = url.split('?', 1);
  try {
    return decodeURIComponent(path).replace(/^\//, '');
  } catch {
    throw new ApiError('bad_request', {}, 'not a path');
  }
}

function notFound(reply: FastifyReply): FastifyReply {
  return reply.code(404).type('text/plain; charset=utf-8').send('There is no such page.\n');
}

function refuse(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  onFailure: Failure,
): FastifyReply {
  reply.type('text/plain; charset=utf-8');
  if (error instanceof ApiError) return reply.code(error.status).send(`${error.message}\n`);
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status < 500) return reply.code(status).send('Bad request\n');
  onFailure(error, `page ${request.method}`);
  return reply.code(500).send('The server could not read the page; its log has the cause.\n');
}

/** The addresses as the one who asks reaches them. */
function addressesSeen({ protocol, host }: FastifyRequest, options: WebOptions): Addresses {
  const reached: Reached = {
    scheme: protocol === 'https' ? 'https' : 'http',
    host,
    prefix: options.pathPrefix,
  };
  return { ...addressesFor(reached, options.own(), options.onePort), ...options.displayed };
}
