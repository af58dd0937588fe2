import type { FastifyReply, FastifyRequest } from 'fastify';
import { isOwnOrigin } from '../auth/browser-requests.js';
import type { ServerContext } from '../context.js';

/** Which pages may use the server from a browser, beside its own. */
export interface Origins {
  /** Such as `https://app.example.com`; `*` lets all pages ask, without the cookie of a session. */
  allowed: readonly string[];
  /** Whether pages of listed origins may use the cookie of a session. */
  credentials: boolean;
}

/** Headers that let a page of another origin read the answer. */
export function originHeaders(
  server: ServerContext,
  { headers }: FastifyRequest,
  reply: FastifyReply,
  { allowed }: Origins,
): void {
  const { origin, host = '' } = headers;
  if (origin !== undefined && isOwnOrigin(server, origin, host)) {
    reply
      .header('access-control-allow-origin', origin)
      .header('access-control-allow-credentials', 'true')
      .header('vary', 'Origin');
  } else if (allowed.includes('*')) reply.header('access-control-allow-origin', '*');
  else if (origin !== undefined && allowed.includes(origin))
    reply.header('access-control-allow-origin', origin).header('vary', 'Origin');
}
