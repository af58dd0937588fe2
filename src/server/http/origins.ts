import type { FastifyReply, FastifyRequest } from 'fastify';
import { isOwnOrigin } from '../auth/browser-requests.js';
import type { ServerContext } from '../context.js';

/**
 * Headers that let a page of another origin read an answer. Only pages of this server and of listed origins may send cookies;
 * others have no credentials here unless they hold keys of their own.
 */
export function originHeaders(server: ServerContext, { headers }: FastifyRequest, reply: FastifyReply): void {
  const { origin, host = '' } = headers;
  if (origin === undefined || !isOwnOrigin(server, origin, host)) {
    const listed = server.config.get('apiserver.cors.origins');
    if (listed.includes('*')) reply.header('access-control-allow-origin', '*');
    else reply.header('vary', 'Origin');
    if (origin !== undefined && listed.includes(origin)) reply.header('access-control-allow-origin', origin);
    return;
  }
  reply
    .header('access-control-allow-origin', origin)
    .header('access-control-allow-credentials', 'true')
    .header('vary', 'Origin');
}
