import type { Accounts } from './auth/accounts.js';
import type { LoginLimits } from './auth/login-limits.js';
import type { LoginLink } from './auth/login-link.js';
import type { Logins } from './auth/logins.js';
import type { Passwords } from './auth/passwords.js';
import type { ServerConfig } from './config/server-config.js';
import type { TaskBrowsing } from './events/event-browsing.js';
import type { SampleView } from './events/event-samples.js';
import type { JsonObject } from './json.js';
import type { LiveHub } from './live/live-hub.js';
import type { Kept } from './query/kept.js';
import type { Backtracking } from './query/patterns/backtracking.js';
import type { Patterns } from './query/patterns/patterns.js';
import type { Scrolls } from './query/scrolls.js';
import type { LongReads } from './reading/long-reads.js';
import type { Reader } from './reading/reader.js';
import type { Database } from './storage/database.js';
import { Documents, type Stored } from './storage/documents.js';
import type { QueueWaits } from './tasks/queue-waits.js';
import type { TaskDocument } from './tasks/task-document.js';

/** What every handler works with. */
export interface ServerContext {
  readonly database: Database;
  /** Milliseconds since 1970; tests bring their own. */
  readonly now: () => number;
  /** Signs the tokens of logins. */
  readonly tokenSecret: string;
  readonly config: ServerConfig;
  readonly ownPages: OwnPages;
  /** The id of the one company. */
  readonly company: string;
  /** The id of the user who owns the folder. */
  readonly owner: string;
  readonly accounts: Accounts;
  readonly logins: Logins;
  readonly passwords: Passwords;
  readonly loginLimits: LoginLimits;
  readonly loginLink: LoginLink;
  readonly scrolls: Scrolls;
  /** Pages and samples of events that clients look through. */
  readonly browsing: Kept<TaskBrowsing[]>;
  readonly samples: Kept<SampleView>;
  /** Queries whose answers are downloaded as a table. */
  readonly downloads: Kept<JsonObject>;
  /** Reads that take long run beside those of this thread; from when on they count as long. */
  readonly reader: Reader;
  readonly longReads: LongReads;
  /** HTML of applications, for frames. */
  readonly frames: Kept<AppFrame>;
  readonly backtracking: Backtracking;
  /** Those of the request that is answered. */
  readonly patterns: Patterns;
  readonly users: Documents<UserDocument>;
  readonly projects: Documents<ProjectDocument>;
  readonly tasks: Documents<TaskDocument>;
  readonly models: Documents<ModelDocument>;
  readonly queues: Documents<QueueDocument>;
  readonly queueWaits: QueueWaits;
  readonly live: LiveHub;
}

/** HTML of a version of an application, with the values of an instance in it. */
export interface AppFrame {
  app: string;
  version: string;
  html: string;
}

/** What browsers may use as this server's own. */
export interface OwnPages {
  /** Pages that may use the cookie of a session, such as `https://app.example.com`. */
  readonly origins: Set<string>;
  /** Names of hosts. */
  readonly hosts: Set<string>;
  /** Ports of page, API and file server; the usual one of a protocol is an empty text. */
  readonly ports: Set<string>;
}

export interface UserDocument extends Stored {
  name: string;
  company: string;
  role: string;
  created: string;
  email?: string;
  given_name?: string;
  family_name?: string;
  /** The configuration names it. */
  autocreated?: boolean;
  /** The configuration no longer names it: it cannot log in. */
  disabled?: boolean;
}

export interface ProjectDocument extends Stored {
  name: string;
  basename: string;
  company: string;
  user: string;
  description: string;
  tags: string[];
  system_tags: string[];
  created: string;
  last_update: string;
  parent?: string | undefined;
}

export interface ModelDocument extends Stored {
  name: string;
  uri: string;
  ready: boolean;
  task?: string;
  project?: string;
}

export interface QueueDocument extends Stored {
  name: string;
  company: string;
  created: string;
  last_update: string;
  tags: string[];
  system_tags: string[];
}

export function documentTables(
  database: Database,
): Pick<ServerContext, 'users' | 'projects' | 'tasks' | 'models' | 'queues'> {
  return {
    users: new Documents(database, 'users'),
    projects: new Documents(database, 'projects'),
    tasks: new Documents(database, 'tasks'),
    models: new Documents(database, 'models'),
    queues: new Documents(database, 'queues'),
  };
}
