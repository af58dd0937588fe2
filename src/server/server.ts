import path from 'node:path';
import type { KeyPair } from './auth/accounts.js';
import { openAccounts } from './auth/open-accounts.js';
import { ServerConfig } from './config/server-config.js';
import type { ServerContext } from './context.js';
import { documentTables } from './context.js';
import { ENDPOINTS } from './endpoints.js';
import { fileListener } from './files/file-listener.js';
import { apiListener, type Failure } from './http/api-listener.js';
import { type Listening, type ListenOptions, listen, type SharedSettings } from './listening/listen.js';
import { serveLocalCalls } from './local-calls.js';
import { type ServerLog, SILENT } from './log.js';
import { Kept } from './query/kept.js';
import { Backtracking } from './query/patterns/backtracking.js';
import { Patterns } from './query/patterns/patterns.js';
import { Scrolls } from './query/scrolls.js';
import { openSecrets, type Secrets } from './secrets.js';
import { Database } from './storage/database.js';
import { lockFolder } from './storage/folder-lock.js';
import { countEntries, createQueue } from './tasks/queue-entries.js';
import { QueueWaits } from './tasks/queue-waits.js';
import { stopSilentTasks, WATCHDOG_TIMES, type WatchdogTimes } from './upkeep/watchdog.js';
import { type Addresses, fixedAddresses, pageSettings } from './web/addresses.js';
import { apiSection } from './web/page.js';
import { webListener } from './web/web-listener.js';

export interface ServerOptions extends ListenOptions {
  /** Where everything is kept; made with mode 0700. */
  folder: string;
  /** Clock, in milliseconds since 1970. */
  now?: () => number;
  watchdog?: WatchdogTimes;
  /** What `loadServerConfig` read, for users and sessions; default: the defaults of its table. */
  config?: ServerConfig;
  /** Variables with the addresses that users see, and the settings of the page. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Called for errors that are bugs or broken disks, not refusals. */
  onFailure?: Failure;
  log?: ServerLog;
}

export interface EmbeddedServer {
  readonly url: string;
  readonly filesUrl: string;
  readonly webUrl: string;
  /** The addresses that users see. */
  readonly shown: Addresses;
  readonly folder: string;
  readonly credentials: KeyPair;
  /** JSON file with the credentials, readable by its owner only. */
  readonly credentialsFile: string;
  /** Looks now whether there is another certificate. */
  reloadTls(): Promise<void>;
  /** Gives the requests that run a second to finish and closes the files. May be called again. */
  close(): Promise<void>;
}

export const DATABASE_FILE = 'server.db';
const FILES_FOLDER = 'files';

/**
 * Starts the embedded server: a ClearML API server and file server over one folder.
 *
 * @throws AgentError SERVER_FOLDER when the folder is in use, SERVER_LISTEN when a port is taken, SERVER_TLS, CONFIG_VALUE
 */
export async function startServer(options: ServerOptions): Promise<EmbeddedServer> {
  const folder = path.resolve(options.folder);
  const secrets = await openSecrets(folder);
  const unlock = await lockFolder(folder);
  const closing: (() => unknown)[] = [unlock];
  const closeAll = async () => {
    for (const close of closing.splice(0).reverse()) await close();
  };
  try {
    const database = await Database.open(path.join(folder, DATABASE_FILE));
    closing.push(() => database.close());
    const server = contextOf(database, secrets, { config: new ServerConfig(), ...options });
    closing.push(() => server.backtracking.close());
    closing.push(() => server.passwords.close());
    database.transaction(() => prepareQueue(server));
    const { listening, fixed } = await openPorts(server, options, folder);
    closing.push(() => listening.close());
    closing.push(() => server.queueWaits.close());
    closing.push(await serveLocalCalls(server, folder, options.onFailure));
    const timer = startWatchdog(server, options);
    closing.push(() => clearInterval(timer));
    let closed: Promise<void> | undefined;
    const { api: url, files: filesUrl, web: webUrl } = listening.urls;
    return {
      url,
      filesUrl,
      webUrl,
      shown: { ...listening.urls, ...fixed },
      folder,
      credentials: secrets.credentials,
      credentialsFile: secrets.credentialsFile,
      reloadTls: listening.reloadTls,
      close: () => {
        closed ??= closeAll();
        return closed;
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** What endpoints work with. Without a configuration the users stay as they are. */
export function contextOf(
  database: Database,
  secrets: Secrets,
  { now = Date.now, config }: Pick<ServerOptions, 'now' | 'config'>,
): ServerContext {
  const backtracking = new Backtracking();
  return {
    database,
    now,
    ...openAccounts(database, secrets, config, now),
    ownPorts: new Set(),
    scrolls: new Scrolls(),
    queueWaits: new QueueWaits((queue) => countEntries({ database }, queue)),
    browsing: new Kept(),
    samples: new Kept(),
    downloads: new Kept(),
    backtracking,
    patterns: new Patterns(backtracking),
    ...documentTables(database),
  };
}

async function openPorts(
  server: ServerContext,
  options: ServerOptions,
  folder: string,
): Promise<{ listening: Listening; fixed: Partial<Addresses> }> {
  const { env = {}, onFailure = () => undefined, onePort = false, pathPrefix = '' } = options;
  const settings = pageSettings(env);
  const fixed = fixedAddresses(settings, env);
  const files = path.join(folder, FILES_FOLDER);
  let urls: Addresses | undefined;
  const page = { settings, fixed, onePort, pathPrefix, own: () => urls ?? { web: '', api: '', files: '' } };
  const apps = {
    api: (shared: SharedSettings) => apiListener(server, ENDPOINTS, onFailure, shared),
    files: (shared: SharedSettings) => fileListener(server, files, onFailure, shared),
    web: (shared: SharedSettings) => webListener(page, shared),
  };
  const listening = await listen(options, apps, options.log ?? SILENT);
  urls = listening.urls;
  for (const url of Object.values(urls)) server.ownPorts.add(new URL(url).port);
  return { listening, fixed };
}

function startWatchdog(server: ServerContext, options: ServerOptions): NodeJS.Timeout {
  const { everyMs, silentMs } = options.watchdog ?? WATCHDOG_TIMES;
  const look = () => {
    try {
      const stopped = stopSilentTasks(server, silentMs);
      if (stopped.length > 0)
        options.log?.info(`watchdog: stopped tasks without a sign of life: ${stopped.join(', ')}`);
    } catch (error) {
      options.onFailure?.(error, 'watchdog');
    }
  };
  return setInterval(look, everyMs).unref();
}

/** The queue of a new folder. */
function prepareQueue(server: ServerContext): void {
  const [queue] = server.queues.scan();
  if (queue === undefined)
    createQueue(server, { name: 'default', company: server.company, system_tags: ['default'] });
}

/** The `clearml.conf` that lets agents and the Python SDK use a server. It holds the secret key. */
export function serverConfText(
  server: Pick<EmbeddedServer, 'url' | 'filesUrl' | 'webUrl' | 'credentials'>,
): string {
  return apiSection({ web: server.webUrl, api: server.url, files: server.filesUrl }, server.credentials);
}
