import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.js';

/** Which pages may use the server from a browser, beside those of its own site. */
export interface Origins {
  /** Such as `https://app.example.com`; `*` lets all pages ask, without the cookie of a session. */
  allowed: readonly string[];
  /** Whether pages of listed origins may use the cookie of a session. */
  credentials: boolean;
}

/** Headers that let a page of another origin read the answer. */
export function originHeaders(request: FastifyRequest, reply: FastifyReply, origins: Origins): void {
  const { origin } = request.headers;
  if (origin !== undefined && mayUseSession(origin, request, origins)) {
    reply
      .header('access-control-allow-origin', origin)
      .header('access-control-allow-credentials', 'true')
      .header('vary', 'Origin');
  } else if (origins.allowed.includes('*')) reply.header('access-control-allow-origin', '*');
  else if (origin !== undefined && origins.allowed.includes(origin))
    reply.header('access-control-allow-origin', origin).header('vary', 'Origin');
}

/**
 * Refuses the cookie of a browser to pages of other sites. A page on another port of the same host, and the page at `app.`
 * beside the API at `api.`, are of the same site.
 *
 * @throws ApiError 403
 */
export function requireOwnOrigin(request: FastifyRequest, origins: Origins): void {
  const { origin, cookie, authorization } = request.headers;
  if (origin === undefined || cookie === undefined || authorization !== undefined) return;
  if (mayUseSession(origin, request, origins)) return;
  throw new ApiError('foreign_origin', { origin: origin.slice(0, 200) });
}

function mayUseSession(
  origin: string,
  { hostname }: FastifyRequest,
  { allowed, credentials }: Origins,
): boolean {
  return (credentials && allowed.includes(origin)) || isSameSite(origin, hostname);
}

function isSameSite(origin: string, hostName: string): boolean {
  if (!URL.canParse(origin)) return false;
  const siteOf = (host: string) => host.replace(/^(?:app|api|files)\./, '');
  return siteOf(new URL(origin).hostname) === siteOf(hostName);
}
