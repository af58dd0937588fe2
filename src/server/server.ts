import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { AgentError, causeLine, systemCode } from '../errors.js';
import type { KeyPair } from './auth/accounts.js';
import { openAccounts } from './auth/open-accounts.js';
import { ServerConfig } from './config/server-config.js';
import type { ServerContext } from './context.js';
import { documentTables } from './context.js';
import { parseDate } from './dates.js';
import { ENDPOINTS } from './endpoints.js';
import { fileListener } from './files/file-listener.js';
import { apiListener, type Failure } from './http/api-listener.js';
import { Kept } from './query/kept.js';
import { Backtracking } from './query/patterns/backtracking.js';
import { Patterns } from './query/patterns/patterns.js';
import { Scrolls } from './query/scrolls.js';
import { openSecrets } from './secrets.js';
import { Database } from './storage/database.js';
import { changeStatus } from './tasks/change-status.js';
import { countEntries, createQueue } from './tasks/queue-entries.js';
import { QueueWaits } from './tasks/queue-waits.js';
import { forgetExpired } from './workers/worker-store.js';

export interface ServerOptions {
  /** Where everything is kept; made with mode 0700. */
  folder: string;
  /** Default: loopback. */
  host?: string;
  /** Port of the API; 0 takes any free one. */
  port?: number;
  /** Port of the file server; 0 takes any free one. Default: the API's port plus 73, as 8081 is to 8008. */
  filesPort?: number;
  /** Clock, in milliseconds since 1970. */
  now?: () => number;
  watchdog?: WatchdogTimes;
  /** What `loadServerConfig` read; default: the defaults of its table. */
  config?: ServerConfig;
  /** Called for errors that are bugs or broken disks, not refusals. */
  onFailure?: Failure;
}

export interface EmbeddedServer {
  readonly url: string;
  readonly filesUrl: string;
  readonly folder: string;
  readonly credentials: KeyPair;
  /** JSON file with the credentials, readable by its owner only. */
  readonly credentialsFile: string;
  /** Gives the requests that run a second to finish and closes the files. May be called again. */
  close(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';
const DATABASE_FILE = 'server.db';
const FILES_FOLDER = 'files';
/** For requests that run when the server ends: calls take milliseconds, uploads are made again. */
const CLOSE_GRACE_MS = 1000;
const FILES_PORT_DISTANCE = 8081 - 8008;

/**
 * Starts the embedded server: a ClearML API server and file server over one folder.
 *
 * @throws AgentError SERVER_FOLDER when the folder is in use, SERVER_LISTEN when a port is taken, CONFIG_VALUE
 */
export async function startServer(options: ServerOptions): Promise<EmbeddedServer> {
  const folder = path.resolve(options.folder);
  const secrets = await openSecrets(folder);
  const config = options.config ?? new ServerConfig();
  const database = await Database.open(path.join(folder, DATABASE_FILE));
  const now = options.now ?? Date.now;
  const accounts = orClose(database, () => openAccounts(database, secrets, config, now));
  const backtracking = new Backtracking();
  const server: ServerContext = {
    database,
    now,
    ...accounts,
    ...documentTables(database),
    scrolls: new Scrolls(),
    queueWaits: new QueueWaits((queue) => countEntries({ database }, queue)),
    browsing: new Kept(),
    samples: new Kept(),
    downloads: new Kept(),
    backtracking,
    patterns: new Patterns(backtracking),
  };
  const listeners: FastifyInstance[] = [];
  const closeAll = async () => {
    server.queueWaits.close();
    await Promise.all(listeners.map(closeListener));
    await backtracking.close();
    await server.passwords.close();
    database.close();
  };
  try {
    database.transaction(() => prepareQueue(server));
    const [url, filesUrl] = await listen(server, options, listeners);
    const timer = startWatchdog(server, options);
    let closed: Promise<void> | undefined;
    const close = () => {
      clearInterval(timer);
      closed ??= closeAll();
      return closed;
    };
    const { credentials, credentialsFile } = secrets;
    return { url, filesUrl, folder, credentials, credentialsFile, close };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** Gives the database back if what needs it cannot be made. */
function orClose<T>(database: Database, make: () => T): T {
  try {
    return make();
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Ends a listener, also when clients hold connections on which a request never becomes whole. */
async function closeListener(listener: FastifyInstance): Promise<void> {
  const timer = setTimeout(() => listener.server.closeAllConnections(), CLOSE_GRACE_MS);
  try {
    await listener.close();
  } finally {
    clearTimeout(timer);
  }
}

function startWatchdog(server: ServerContext, options: ServerOptions): NodeJS.Timeout {
  const { everyMs, silentMs } = options.watchdog ?? WATCHDOG_TIMES;
  const look = () => {
    try {
      stopSilentTasks(server, silentMs);
    } catch (error) {
      options.onFailure?.(error, 'watchdog');
    }
  };
  return setInterval(look, everyMs).unref();
}

async function listen(
  server: ServerContext,
  options: ServerOptions,
  listeners: FastifyInstance[],
): Promise<[string, string]> {
  const onFailure = options.onFailure ?? (() => undefined);
  const host = options.host ?? LOOPBACK;
  const api = await apiListener(server, ENDPOINTS, onFailure);
  listeners.push(api);
  const files = await fileListener(server, path.join(path.resolve(options.folder), FILES_FOLDER), onFailure);
  listeners.push(files);
  return [
    await open(api, host, options.port ?? 0),
    await open(files, host, options.filesPort ?? defaultFilesPort(options.port ?? 0)),
  ];
}

/** A fixed port keeps the addresses of stored artifacts right over restarts. */
function defaultFilesPort(port: number): number {
  return port === 0 ? 0 : port + FILES_PORT_DISTANCE;
}

const LISTEN_FAILURES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program uses the port',
  EADDRNOTAVAIL: 'this machine does not have the address',
  EACCES: 'this user may not use the port',
  ENOTFOUND: 'no host has that name',
  EAI_AGAIN: 'the name of the host cannot be looked up',
  ERR_SOCKET_BAD_PORT: 'a port is at most 65535',
};

/** @throws AgentError SERVER_LISTEN */
async function open(app: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    const code = systemCode(error);
    const why = LISTEN_FAILURES[code ?? ''] ?? code ?? causeLine(error);
    throw new AgentError('SERVER_LISTEN', `cannot listen on ${host}:${port}: ${why}`, {
      hint: 'Choose another --port or --host. The file server uses the port plus 73.',
      cause: error,
    });
  }
  const { port: chosen } = app.server.address() as AddressInfo;
  return `http://${shownHost(host)}:${chosen}`;
}

function shownHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return LOOPBACK;
  return host.includes(':') ? `[${host}]` : host;
}

/** The queue of a new folder. */
function prepareQueue(server: ServerContext): void {
  const [queue] = server.queues.scan();
  if (queue === undefined)
    createQueue(server, { name: 'default', company: server.company, system_tags: ['default'] });
}

/** The `clearml.conf` that lets agents and the Python SDK use a server. It holds the secret key. */
export function serverConfText(server: Pick<EmbeddedServer, 'url' | 'filesUrl' | 'credentials'>): string {
  const { url, filesUrl, credentials } = server;
  return `api {
  api_server: "${url}"
  # There is no web page; clients only print links that begin with it.
  web_server: "${url}"
  files_server: "${filesUrl}"
  credentials {
    access_key: "${credentials.accessKey}"
    secret_key: "${credentials.secretKey}"
  }
}
`;
}

interface WatchdogTimes {
  /** Milliseconds between two looks; the first comes after as long. */
  everyMs: number;
  /** Milliseconds without a sign of life after which a running task is given up. */
  silentMs: number;
}

const WATCHDOG_TIMES: WatchdogTimes = { everyMs: 900_000, silentMs: 7_200_000 };

const REASON = 'Forced stop (non-responsive)';
/** Signs changes that no user asked for. */
const SERVER_NAME = '__apiserver__';

/** Stops running tasks that nothing was heard of for too long, and forgets expired workers; the stopped ids. */
function stopSilentTasks(server: ServerContext, silentMs: number): string[] {
  return server.database.transaction(() => {
    const limit = server.now() - silentMs;
    const stopped: string[] = [];
    for (const task of server.tasks.scan({ where: "status = 'in_progress'", parameters: [] })) {
      if ((parseDate(task.last_update ?? '') ?? 0) >= limit) continue;
      changeStatus(server, task, {
        to: 'stopped',
        reason: REASON,
        message: REASON,
        force: true,
        by: SERVER_NAME,
      });
      stopped.push(task.id);
    }
    forgetExpired(server);
    return stopped;
  });
}
