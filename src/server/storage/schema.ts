import type { Database } from './database.js';
import { fillColumns, moveLogEvents } from './upgrade-steps.js';

/** A table of JSON documents whose searched fields are columns that SQLite derives from the document. */
function documents(table: string, columns: Readonly<Record<string, string>>): string {
  const derived = Object.entries(columns).map(
    ([name, path]) => `, ${name} TEXT GENERATED ALWAYS AS (json_extract(body, '$.${path}')) VIRTUAL`,
  );
  const indexes = Object.keys(columns).map((name) => `CREATE INDEX ${table}_${name} ON ${table} (${name});`);
  return `CREATE TABLE ${table} (id TEXT PRIMARY KEY, body TEXT NOT NULL${derived.join('')}) WITHOUT ROWID;
${indexes.join('\n')}`;
}

const FIRST = `
${documents('users', {})}
${documents('projects', { name: 'name' })}
${documents('tasks', { status: 'status', project: 'project', parent: 'parent' })}
${documents('models', { task: 'task', project: 'project' })}
${documents('queues', { name: 'name' })}

CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- Secrets are random and long, so a plain digest is enough to check one and useless to find one.
CREATE TABLE credentials (
  access_key TEXT PRIMARY KEY, secret_digest TEXT NOT NULL, user TEXT NOT NULL, label TEXT,
  last_used TEXT, last_used_from TEXT
) WITHOUT ROWID;
CREATE TABLE ended_sessions (session TEXT PRIMARY KEY, expires INTEGER NOT NULL) WITHOUT ROWID;

-- position orders a queue; it may be negative and has gaps.
CREATE TABLE queue_entries (
  queue TEXT NOT NULL, position REAL NOT NULL, task TEXT NOT NULL, added TEXT NOT NULL,
  PRIMARY KEY (queue, task)
) WITHOUT ROWID;
CREATE INDEX queue_entries_order ON queue_entries (queue, position);
CREATE INDEX queue_entries_task ON queue_entries (task);

CREATE TABLE workers (
  user TEXT NOT NULL, id TEXT NOT NULL, expires INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (user, id)
) WITHOUT ROWID;
CREATE TABLE worker_properties (
  user TEXT NOT NULL, worker TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, expires INTEGER,
  PRIMARY KEY (user, worker, key)
) WITHOUT ROWID;
CREATE TABLE worker_reports (
  sequence INTEGER PRIMARY KEY, user TEXT NOT NULL, worker TEXT NOT NULL, timestamp INTEGER NOT NULL,
  stats TEXT NOT NULL
);
CREATE INDEX worker_reports_worker ON worker_reports (user, worker, sequence);

CREATE TABLE log_events (
  sequence INTEGER PRIMARY KEY, task TEXT NOT NULL, timestamp INTEGER NOT NULL, metric TEXT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX log_events_task ON log_events (task, timestamp, sequence);

-- Reporting the same point again replaces it.
CREATE TABLE metric_events (
  sequence INTEGER PRIMARY KEY, task TEXT NOT NULL, type TEXT NOT NULL, metric TEXT NOT NULL,
  variant TEXT NOT NULL, iter INTEGER NOT NULL, key TEXT NOT NULL, timestamp INTEGER NOT NULL, value REAL,
  body TEXT NOT NULL, UNIQUE (task, type, metric, variant, iter, key)
);
`;

/** Properties of workers are no longer kept: the released server has no such calls. */
const SECOND = 'DROP TABLE worker_properties;';

/** Users that log in with a password, pairs of keys with a role of their own, vaults. */
const THIRD = `
CREATE TABLE logins (
  username TEXT PRIMARY KEY, user TEXT NOT NULL, password TEXT NOT NULL -- bcrypt in base64
) WITHOUT ROWID;
CREATE INDEX logins_user ON logins (user);
ALTER TABLE credentials ADD COLUMN role TEXT;
CREATE INDEX credentials_user ON credentials (user);
CREATE TABLE vaults (id TEXT PRIMARY KEY, user TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX vaults_user ON vaults (user);
`;

/** What lists of tasks are filtered and ordered by; `document-columns.ts` writes it. */
const FOURTH = `
CREATE TABLE task_columns (
  row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
  name TEXT, type TEXT, status TEXT, user TEXT, project TEXT, parent TEXT,
  created REAL, started REAL, completed REAL, status_changed REAL, last_update REAL, last_change REAL,
  last_iteration REAL, active_duration REAL,
  -- Columns cannot hold the values of this document.
  odd INTEGER,
  -- Digests of what the two tables below have.
  terms TEXT NOT NULL, content TEXT NOT NULL,
  lite TEXT NOT NULL
);
${['name', 'type', 'status', 'user', 'project', 'created', 'started', 'completed', 'status_changed', 'last_update', 'last_change', 'last_iteration', 'active_duration'].map((name) => `CREATE INDEX task_columns_${name} ON task_columns (${name});`).join('\n')}
CREATE INDEX task_columns_odd ON task_columns (odd) WHERE odd;

CREATE TABLE terms (term INTEGER PRIMARY KEY, path TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (path, value));
CREATE TABLE task_terms (term INTEGER NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (term, row)) WITHOUT ROWID;
CREATE INDEX task_terms_row ON task_terms (row);
CREATE VIRTUAL TABLE task_text USING fts5 (
  content, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram case_sensitive 1'
);
`;

/** Logs as blocks of lines (`events/log`). */
const FIFTH = `
CREATE TABLE logs (
  log INTEGER PRIMARY KEY AUTOINCREMENT, task TEXT NOT NULL UNIQUE,
  -- Lines of an earlier sequence may be gone; how many lines there are, and in blocks that are not sealed.
  since INTEGER NOT NULL, count INTEGER NOT NULL DEFAULT 0, open INTEGER NOT NULL DEFAULT 0,
  changed INTEGER NOT NULL
);
-- The sequence of the next line of any log.
CREATE TABLE log_sequence (next INTEGER NOT NULL);
INSERT INTO log_sequence VALUES (1);
CREATE INDEX logs_full ON logs (log) WHERE open >= 1000;
CREATE INDEX logs_quiet ON logs (changed) WHERE open > 0;
CREATE TABLE log_blocks (
  block INTEGER PRIMARY KEY, log INTEGER NOT NULL,
  -- The times of the first and last line, the sequence of the first one, and how many there are.
  low INTEGER NOT NULL, high INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL,
  -- The lowest and highest sequence. Those of the blocks of one log do not overlap.
  least INTEGER NOT NULL, last INTEGER NOT NULL,
  open INTEGER, metrics TEXT NOT NULL, data BLOB NOT NULL
);
CREATE INDEX log_blocks_low ON log_blocks (log, low, high);
CREATE INDEX log_blocks_high ON log_blocks (log, high, low);
CREATE INDEX log_blocks_last ON log_blocks (log, last, least);
CREATE INDEX log_blocks_open ON log_blocks (log) WHERE open = 1;
-- Logs whose blocks are removed in the background.
CREATE TABLE removed_logs (log INTEGER PRIMARY KEY);

-- Points of curves beside their events, for histograms (\`events/scalar-blocks.ts\`): all of the iterations after one up to another.
CREATE TABLE scalar_blocks (
  block INTEGER PRIMARY KEY, task TEXT NOT NULL, metric TEXT NOT NULL, variant TEXT NOT NULL,
  after INTEGER NOT NULL, last INTEGER NOT NULL, count INTEGER NOT NULL,
  -- Doubles in the order of the processor: values, iterations, times.
  vals BLOB NOT NULL, iters BLOB NOT NULL, times BLOB NOT NULL
);
CREATE UNIQUE INDEX scalar_blocks_curve ON scalar_blocks (task, metric, variant, last, after, count);
-- How many points of a task are new, and the last curve of which blocks were made if that is under way.
CREATE TABLE loose_scalars (
  task TEXT PRIMARY KEY, count INTEGER NOT NULL, passing INTEGER, metric TEXT, variant TEXT
) WITHOUT ROWID;
CREATE INDEX loose_scalars_many ON loose_scalars (task) WHERE count >= 1000 OR passing = 1;
INSERT INTO loose_scalars (task, count) SELECT task, count(*) FROM metric_events
  WHERE type = 'training_stats_scalar' GROUP BY task;
`;

const SIXTH = 'DROP TABLE log_events;';

/** Applications: every version that was uploaded, its files, and the tasks that were launched from it. */
const SEVENTH = `
CREATE TABLE apps (
  id TEXT NOT NULL, version TEXT NOT NULL, uploaded TEXT NOT NULL, user TEXT NOT NULL,
  -- Deleted, but kept for its instances.
  deleted INTEGER NOT NULL DEFAULT 0,
  body TEXT NOT NULL, PRIMARY KEY (id, version)
) WITHOUT ROWID;
CREATE TABLE app_assets (
  app TEXT NOT NULL, version TEXT NOT NULL, name TEXT NOT NULL, content TEXT NOT NULL, -- in base64
  PRIMARY KEY (app, version, name)
);
CREATE TABLE app_instances (
  task TEXT PRIMARY KEY, app TEXT NOT NULL, version TEXT NOT NULL, parameters TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX app_instances_app ON app_instances (app, version);
`;

/** Events other than lines have the key of their owner's store, so that many are removed in the background (`events/metric-store.ts`). */
const EIGHTH = `
CREATE TABLE metric_stores (owner TEXT PRIMARY KEY, key TEXT NOT NULL, count INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE removed_metrics (key TEXT PRIMARY KEY) WITHOUT ROWID;
INSERT INTO metric_stores (owner, key, count) SELECT task, task, count(*) FROM metric_events GROUP BY task;
CREATE INDEX metric_events_time ON metric_events (task, type, timestamp);
`;

/** A part of an upgrade in one transaction; whether there may be more. */
export type Step = (database: Database) => boolean;

/** What a version needs to be there, in steps that can be interrupted; and its statements. */
export interface Migration {
  step?: Step;
  statements: string;
}

/**
 * What brings a file from each version to the next; the first entry makes the tables of an empty one. A version that was
 * released is not edited: a change of the tables is a new entry, with a fixture of the version before in the tests.
 */
export const MIGRATIONS: readonly Migration[] = [
  { statements: FIRST },
  { statements: SECOND },
  { statements: THIRD },
  { statements: FOURTH },
  { step: fillColumns, statements: FIFTH },
  { step: moveLogEvents, statements: SIXTH },
  { statements: SEVENTH },
  { statements: EIGHTH },
];

/** `PRAGMA user_version` of a file that is up to date. */
export const SCHEMA_VERSION = MIGRATIONS.length;
