import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.js';

/** Origins whose pages may use the session of a browser here; `*` for all of them. */
export type Origins = readonly string[];

/**
 * Headers that let a page of another origin read an answer. Only pages of allowed origins may send cookies; others have
 * no credentials here unless they hold keys of their own.
 */
export function originHeaders(request: FastifyRequest, reply: FastifyReply, allowed: Origins): FastifyReply {
  const { origin } = request.headers;
  const isKnown =
    origin !== undefined && (isAllowed(origin, allowed) || isSameSite(origin, request.hostname));
  if (!isKnown) return reply.header('access-control-allow-origin', '*');
  return reply
    .header('access-control-allow-origin', origin)
    .header('access-control-allow-credentials', 'true')
    .header('vary', 'Origin');
}

/**
 * Refuses the cookie of a browser to pages of other sites. A page on another port of the same host, and the page at `app.`
 * beside the API at `api.`, are of the same site.
 *
 * @throws ApiError 403
 */
export function requireOwnOrigin(request: FastifyRequest, allowed: Origins): void {
  const { origin, cookie, authorization } = request.headers;
  if (origin === undefined || cookie === undefined || authorization !== undefined) return;
  if (isAllowed(origin, allowed) || isSameSite(origin, request.hostname)) return;
  throw new ApiError('foreign_origin', { origin: origin.slice(0, 200) });
}

function isAllowed(origin: string, allowed: Origins): boolean {
  return allowed.includes(origin) || (allowed.includes('*') && origin !== 'null');
}

function isSameSite(origin: string, hostName: string): boolean {
  if (!URL.canParse(origin)) return false;
  const siteOf = (host: string) => host.replace(/^(?:app|api|files)\./, '');
  return siteOf(new URL(origin).hostname) === siteOf(hostName);
}
