import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { FastifyInstance, FastifyServerOptions } from 'fastify';
import type { ServerLog } from '../log.js';
import { destinationOf, type Handler, ownerOf, type Service } from './front.js';
import { closePort, openPort } from './open-port.js';
import { readPair, reloadPair, type TlsFiles } from './tls.js';

export interface ListenOptions {
  /** Default: loopback. */
  host?: string | undefined;
  /** Port of the API; 0 (the default) takes any free one. */
  port?: number | undefined;
  /** Port of the page. Default: the API's port plus 72, as 8080 is to 8008; any free one beside a free one. */
  webPort?: number | undefined;
  /** Port of the file server. Default: the API's port plus 73, as 8081 is to 8008; any free one beside a free one. */
  filesPort?: number | undefined;
  /** One port for all: the page at `/`, the API at `/api`, the file server at `/files`. */
  onePort?: boolean | undefined;
  /** Path under which a proxy has the server, such as `/clearml`; the proxy may also remove it. */
  pathPrefix?: string | undefined;
  /** Addresses and networks of proxies whose forwarded headers are believed. */
  proxies?: readonly string[] | undefined;
  tls?: TlsFiles | undefined;
}

/** What the applications of all services get. */
export type SharedSettings = Required<Pick<FastifyServerOptions, 'trustProxy'>> & {
  serverFactory: (handler: Handler) => Server;
};

export type ServiceApps = Readonly<Record<Service, (shared: SharedSettings) => Promise<FastifyInstance>>>;

export interface Listening {
  /** Addresses by which this machine reaches the services. */
  urls: Readonly<Record<Service, string>>;
  /** Looks now whether there is another certificate. */
  reloadTls(): Promise<void>;
  close(): Promise<void>;
}

/** Well above the polling interval of agents: a connection closed just as it is used again breaks a call. */
const KEEP_ALIVE_MS = 75_000;

/** The page comes last: on a shared port it opens the port, when all others can answer. */
const ORDER = ['api', 'files', 'web'] as const;

/**
 * Opens the ports of the services.
 *
 * @throws AgentError SERVER_LISTEN when a port is taken, SERVER_TLS
 */
export async function listen(options: ListenOptions, apps: ServiceApps, log: ServerLog): Promise<Listening> {
  const { tls } = options;
  const pair = tls === undefined ? undefined : await readPair(tls);
  const tlsServers: TlsServer[] = [];
  const handlers = new Map<Service, Handler>();
  const opened: FastifyInstance[] = [];
  const makeServer = (front: Handler): Server => {
    if (pair === undefined) return createServer(front);
    const server = createTlsServer(pair, front);
    tlsServers.push(server);
    return server;
  };
  const shared = (service: Service): SharedSettings => ({
    trustProxy: options.proxies?.length ? [...options.proxies] : false,
    serverFactory: (handler) => {
      handlers.set(service, handler);
      const server = makeServer(frontOf(handlers, service, options));
      server.keepAliveTimeout = KEEP_ALIVE_MS;
      // An upload may take its time.
      server.requestTimeout = 0;
      return server;
    },
  });
  const closeAll = async () => {
    await Promise.all(opened.map(closePort));
  };
  try {
    const urls = {} as Record<Service, string>;
    for (const service of ORDER) {
      const app = await apps[service](shared(service));
      opened.push(app);
      await app.ready();
      if (options.onePort === true && service !== 'web') continue;
      urls[service] = await openPort(app, {
        scheme: pair === undefined ? 'http' : 'https',
        host: options.host,
        port: portOf(service, options),
      });
    }
    if (options.onePort === true) {
      urls.api = `${urls.web}/api`;
      urls.files = `${urls.web}/files`;
    }
    const reloading = tls && pair && reloadPair(tls, pair, tlsServers, log);
    return {
      urls,
      reloadTls: async () => reloading?.reload(),
      close: async () => {
        reloading?.close();
        await closeAll();
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** What a port does with a request: it goes to the service that it is for. */
function frontOf(
  handlers: ReadonlyMap<Service, Handler>,
  service: Service,
  { onePort, pathPrefix = '' }: ListenOptions,
): Handler {
  const own = ownerOf(service, onePort === true);
  return (request, response) => {
    const to = destinationOf(request.url ?? '', own, pathPrefix);
    request.url = to.url;
    handlers.get(to.service)?.(request, response);
  };
}

/** A fixed port keeps the addresses of stored artifacts right over restarts. */
function portOf(service: Service, { port = 0, webPort, filesPort, onePort }: ListenOptions): number {
  if (onePort === true || service === 'api') return port;
  const chosen = service === 'web' ? webPort : filesPort;
  return chosen ?? (port === 0 ? 0 : port + DISTANCE[service]);
}

const DISTANCE = { web: 8080 - 8008, files: 8081 - 8008 } as const;
