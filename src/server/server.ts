import path from 'node:path';
import type { Registry } from 'prom-client';
import { entryExists } from '../os/files.js';
import type { KeyPair } from './auth/accounts.js';
import { openAccounts } from './auth/open-accounts.js';
import { DATABASE } from './backup/format.js';
import { requireWholeFolder } from './backup/restore-backup.js';
import { ServerConfig } from './config/server-config.js';
import { documentTables, type ServerContext } from './context.js';
import { ServerFigures } from './figures.js';
import type { Failure } from './http/api-listener.js';
import type { ListenOptions } from './listening/listen.js';
import { openServices } from './listening/services.js';
import { LiveHub } from './live/live-hub.js';
import { serveLocalCalls } from './local-calls.js';
import { type ServerLog, SILENT } from './log.js';
import { Kept } from './query/kept.js';
import { Backtracking } from './query/patterns/backtracking.js';
import { Patterns } from './query/patterns/patterns.js';
import { Scrolls } from './query/scrolls.js';
import { LONG_READS, type LongReads } from './reading/long-reads.js';
import { Reader } from './reading/reader.js';
import { openFolder, openSecrets, type Secrets } from './secrets.js';
import { Database } from './storage/database.js';
import { lockFolder } from './storage/folder-lock.js';
import { openError } from './storage/open-errors.js';
import { countEntries, createQueue } from './tasks/queue-entries.js';
import { QueueWaits } from './tasks/queue-waits.js';
import type { Retention } from './upkeep/retention.js';
import { startUpkeep } from './upkeep/upkeep.js';
import { WATCHDOG_TIMES, type WatchdogTimes } from './upkeep/watchdog.js';
import type { Addresses } from './web/addresses.js';
import { apiSection } from './web/page.js';

export interface ServerOptions extends ListenOptions {
  /** Where everything is kept; made with mode 0700. */
  folder: string;
  /** Clock, in milliseconds since 1970. */
  now?: () => number;
  watchdog?: WatchdogTimes | undefined;
  retention?: Retention | undefined;
  /** The addresses that users see. Default: where the server listens. */
  displayed?: Partial<Addresses> | undefined;
  /** Folder of the built page; default: that of this package. */
  builtPage?: string | undefined;
  /** Milliseconds between two checks of the session of an open stream. */
  sessionCheckMs?: number | undefined;
  /** For the backups. */
  agentVersion?: string | undefined;
  /** What `loadServerConfig` read, for users and sessions; default: the defaults of its table. */
  config?: ServerConfig;
  /** From which sizes on reads run on a thread of their own. */
  longReads?: LongReads;
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
  /** The page as a person opens it: where no user has a password, with a token that logs in once. */
  pageAddress(): string;
  readonly folder: string;
  readonly credentials: KeyPair;
  /** JSON file with the credentials, readable by its owner only. */
  readonly credentialsFile: string;
  readonly figures: Registry;
  /** Looks now whether there is another certificate. */
  reloadTls(): Promise<void>;
  /** Gives the requests that run a second to finish and closes the files. May be called again. */
  close(): Promise<void>;
}

const FILES_FOLDER = 'files';

/**
 * Starts the embedded server: page, ClearML API server and file server over one folder.
 *
 * @throws AgentError SERVER_FOLDER when the folder is in use, SERVER_LISTEN when a port is taken, SERVER_TLS
 */
export async function startServer(options: ServerOptions): Promise<EmbeddedServer> {
  const folder = path.resolve(options.folder);
  await openFolder(folder);
  const closing: (() => unknown)[] = [await lockFolder(folder)];
  const closeAll = async () => {
    for (const close of closing.splice(0).reverse()) await close();
  };
  try {
    await requireWholeFolder(folder);
    const secrets = await openSecrets(folder);
    const file = path.join(folder, DATABASE);
    const wasKilled = await entryExists(`${file}-wal`);
    const server = await openData(file, secrets, { config: new ServerConfig(), ...options }, closing);
    const common = commonOf(options, folder);
    const listening = await openServices(server, { ...options, ...common });
    const shown = { ...listening.urls, ...common.displayed };
    server.loginLink.page = shown.web;
    closing.push(() => listening.close());
    closing.push(() => server.queueWaits.close());
    closing.push(() => server.live.close());
    closing.push(await serveLocalCalls(server, folder, common.onFailure));
    const upkeep = startUpkeep(server, {
      ...common,
      folder,
      database: file,
      wasKilled,
      agentVersion: options.agentVersion ?? '',
      watchdog: options.watchdog ?? WATCHDOG_TIMES,
      retention: options.retention ?? {},
      uploads: { folder: common.files, addresses: [shown.files, listening.urls.files] },
    });
    closing.push(() => upkeep.close());
    let closed: Promise<void> | undefined;
    const { api: url, files: filesUrl, web: webUrl } = listening.urls;
    return {
      url,
      filesUrl,
      webUrl,
      shown,
      pageAddress: () => (server.logins.any ? shown.web : server.loginLink.issue()),
      folder,
      credentials: secrets.credentials,
      credentialsFile: secrets.credentialsFile,
      figures: common.figures.registry,
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

/**
 * Opens the database and reads what the server begins with.
 *
 * @param closing gets what closes it again
 * @throws AgentError SERVER_FOLDER, also for a damaged database; CONFIG_VALUE
 */
export async function openData(
  file: string,
  secrets: Secrets,
  options: Pick<ServerOptions, 'now' | 'config' | 'longReads'>,
  closing: (() => unknown)[],
): Promise<ServerContext> {
  const database = await Database.open(file);
  closing.push(() => database.close());
  try {
    const server = contextOf(database, secrets, options);
    closing.push(() => server.backtracking.close());
    closing.push(() => server.reader.close());
    closing.push(() => server.passwords.close());
    database.transaction(() => prepareQueue(server));
    return server;
  } catch (error) {
    throw openError(error, file);
  }
}

/** What services and upkeep share. */
function commonOf(options: ServerOptions, folder: string) {
  const figures = new ServerFigures(folder);
  const onFailure: Failure = (error, where) => {
    figures.failed();
    options.onFailure?.(error, where);
  };
  const { log = SILENT, displayed = {} } = options;
  return { figures, onFailure, log, displayed, files: path.join(folder, FILES_FOLDER) };
}

/** What endpoints work with. Without a configuration the users stay as they are. */
function contextOf(
  database: Database,
  secrets: Secrets,
  { now = Date.now, config, longReads = LONG_READS }: Pick<ServerOptions, 'now' | 'config' | 'longReads'>,
): ServerContext {
  const backtracking = new Backtracking();
  const accounts = openAccounts(database, secrets, config, now);
  return {
    database,
    now,
    ...accounts,
    reader: new Reader({ file: database.file, company: accounts.company, owner: accounts.owner }),
    longReads,
    ownPages: { origins: new Set(), hosts: new Set(), ports: new Set() },
    scrolls: new Scrolls(),
    live: new LiveHub(database),
    queueWaits: new QueueWaits((queue) => countEntries({ database }, queue)),
    browsing: new Kept(),
    samples: new Kept(),
    downloads: new Kept(),
    frames: new Kept(),
    backtracking,
    patterns: new Patterns(backtracking),
    ...documentTables(database),
  };
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
