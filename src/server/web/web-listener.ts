import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ServerFigures } from '../figures.js';
import type { SharedSettings } from '../listening/listen.js';
import { type Addresses, addressesFor, type Reached } from './addresses.js';
import { pageText } from './page.js';

export interface WebOptions {
  /** The addresses that an administrator has set. */
  displayed: Partial<Addresses>;
  figures: ServerFigures;
  /** All services share the port of the page. */
  onePort: boolean;
  pathPrefix: string;
  /** Where the services listen; known when all of them do. */
  own: () => Addresses;
}

/** Nothing of another site in the page, and the page in no other site. */
const SECURITY_HEADERS = {
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/** The page's port: one page with the addresses of the server, and what the web application asks for first. */
export async function webListener(options: WebOptions, shared: SharedSettings): Promise<FastifyInstance> {
  const { default: fastify } = await import('fastify');
  const app = fastify({ ...shared, forceCloseConnections: 'idle' });
  app.addHook('onResponse', async (_request, reply) => options.figures.answered('web', reply));
  app.addHook('onSend', async (_request, reply) => void reply.headers(SECURITY_HEADERS));
  app.get('/', (request, reply) =>
    reply.type('text/html; charset=utf-8').send(pageText(addressesSeen(request, options))),
  );
  app.get('/configuration.json', (request, reply) => {
    const { api: apiServer, files: filesServer } = addressesSeen(request, options);
    return reply
      .header('cache-control', 'no-store')
      .send({ displayedServerUrls: { apiServer, filesServer } });
  });
  app.setNotFoundHandler((_request, reply) => notFound(reply));
  app.setErrorHandler((_error, _request, reply) => reply.code(400).type('text/plain').send('Bad request\n'));
  return app;
}

function notFound(reply: FastifyReply): FastifyReply {
  return reply.code(404).type('text/plain; charset=utf-8').send('There is no such page.\n');
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
