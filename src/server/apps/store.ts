import { ApiError } from '../api-error.js';
import type { ServerContext } from '../context.js';
import { isoDate } from '../dates.js';
import type { Call } from '../endpoint.js';
import type { AppDefinition, ValueMap } from './format/definition.js';

/** A version of an application as it is stored. */
export interface StoredApp {
  id: string;
  version: string;
  uploaded: string;
  /** Who has uploaded it. */
  user: string;
  /** It is kept for its instances only. */
  isDeleted: boolean;
  definition: AppDefinition;
}

/** A task that was launched from an application. */
export interface StoredInstance {
  task: string;
  app: string;
  version: string;
  /** What was filled in. */
  parameters: ValueMap;
}

type Server = Pick<ServerContext, 'database'>;

/** Stores a version; one with the same number is replaced. */
export function putApp(call: Call, definition: AppDefinition, assets: ReadonlyMap<string, Buffer>): boolean {
  const { server, identity } = call;
  const { id, version } = definition;
  const replaced = findApp(server, id, version)?.isDeleted === false;
  const row = [id, version, isoDate(server.now()), identity.user, JSON.stringify(definition)];
  server.database.run(
    `INSERT INTO apps (id, version, uploaded, user, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id, version)
     DO UPDATE SET uploaded = excluded.uploaded, user = excluded.user, body = excluded.body, deleted = 0`,
    ...row,
  );
  server.database.run('DELETE FROM app_assets WHERE app = ? AND version = ?', id, version);
  for (const [name, content] of assets) {
    const sql = 'INSERT INTO app_assets (app, version, name, content) VALUES (?, ?, ?, ?)';
    server.database.run(sql, id, version, name, content.toString('base64'));
  }
  return replaced;
}

/** All versions of all applications, or of one; the newest first. */
export function allApps({ database }: Server, id?: string): StoredApp[] {
  const rows =
    id === undefined
      ? database.all('SELECT * FROM apps WHERE deleted = 0')
      : database.all('SELECT * FROM apps WHERE deleted = 0 AND id = ?', id);
  return rows.map(appOfRow).sort((a, b) => a.id.localeCompare(b.id) || compareVersions(b.version, a.version));
}

/** A version, also a deleted one that has instances. */
export function findApp({ database }: Server, id: string, version: string): StoredApp | undefined {
  const row = database.get('SELECT * FROM apps WHERE id = ? AND version = ?', id, version);
  return row === undefined ? undefined : appOfRow(row);
}

/** The version asked for, else the newest one. @throws ApiError 400/10 */
export function appOf(server: Server, id: string, version?: string): StoredApp {
  const [newest] = version === undefined ? allApps(server, id) : [findApp(server, id, version)];
  if (newest === undefined)
    throw new ApiError(
      'invalid_id',
      { app: id, ...(version === undefined ? {} : { version }) },
      'no such application',
    );
  return newest;
}

/** The version asked for, else the newest one; of a deleted application the newest that its instances keep. @throws ApiError 400/10 */
export function keptAppOf(server: Server, id: string, version?: string): StoredApp {
  const kept = version === undefined && allApps(server, id).length === 0 ? deletedVersions(server, id) : [];
  return kept[0] ?? appOf(server, id, version);
}

function deletedVersions({ database }: Server, id: string): StoredApp[] {
  const rows = database.all('SELECT * FROM apps WHERE deleted = 1 AND id = ?', id);
  return rows.map(appOfRow).sort((a, b) => compareVersions(b.version, a.version));
}

export function assetOf({ database }: Server, app: StoredApp, name: string): Buffer | undefined {
  const sql = 'SELECT content FROM app_assets WHERE app = ? AND version = ? AND name = ?';
  const row = database.get(sql, app.id, app.version, name);
  return row === undefined ? undefined : Buffer.from(String(row.content), 'base64');
}

/** Deletes versions; those with instances are kept for them. @returns how many instances they have */
export function deleteApps({ database }: Server, apps: readonly StoredApp[]): number {
  let instances = 0;
  for (const { id, version } of apps) {
    const sql =
      'SELECT count(*) AS n FROM app_instances JOIN tasks ON tasks.id = task WHERE app = ? AND version = ?';
    const own = Number(database.get(sql, id, version)?.n ?? 0);
    instances += own;
    if (own > 0) database.run('UPDATE apps SET deleted = 1 WHERE id = ? AND version = ?', id, version);
    else {
      database.run('DELETE FROM apps WHERE id = ? AND version = ?', id, version);
      database.run('DELETE FROM app_assets WHERE app = ? AND version = ?', id, version);
    }
  }
  return instances;
}

export function putInstance({ database }: Server, { task, app, version, parameters }: StoredInstance): void {
  const sql = 'INSERT INTO app_instances (task, app, version, parameters) VALUES (?, ?, ?, ?)';
  database.run(sql, task, app, version, JSON.stringify(parameters));
}

/** @throws ApiError 400/101 for a task that is no instance */
export function instanceOf({ database }: Server, task: string): StoredInstance {
  const row = database.get('SELECT * FROM app_instances WHERE task = ?', task);
  if (row === undefined) throw new ApiError('invalid_task_id', { id: task }, 'no instance of an application');
  return {
    task,
    app: String(row.app),
    version: String(row.version),
    parameters: JSON.parse(String(row.parameters)),
  };
}

/** Ids of the tasks, the newest first. @param app of one application only */
export function instanceTasks(
  { database }: Server,
  app: string | undefined,
  page: { limit: number; offset: number },
): string[] {
  const sql = `SELECT task FROM app_instances JOIN task_columns ON task_columns.id = task
    WHERE ?1 IS NULL OR app = ?1 ORDER BY created DESC, task LIMIT ?2 OFFSET ?3`;
  return database.all(sql, app ?? null, page.limit, page.offset).map((row) => String(row.task));
}

function appOfRow(row: Record<string, unknown>): StoredApp {
  return {
    id: String(row.id),
    version: String(row.version),
    uploaded: String(row.uploaded),
    user: String(row.user),
    isDeleted: row.deleted === 1,
    definition: JSON.parse(String(row.body)),
  };
}

/** By their numbers: 1.10.0 is newer than 1.9.0, and 1.0.0-rc1 is older than 1.0.0. */
function compareVersions(a: string, b: string): number {
  const [one, other] = [versionParts(a), versionParts(b)];
  return (
    inOrder(one.numbers, other.numbers) ||
    one.rank - other.rank ||
    inOrder(one.rest, other.rest) ||
    inOrder(a, b)
  );
}

/** What follows the numbers makes a version an earlier one; after `+` it is a later build. */
function versionParts(version: string): { numbers: string; rest: string; rank: number } {
  const numbers = /^[\d.]*\d/.exec(version)?.[0] ?? '';
  const rest = version.slice(numbers.length);
  return {
    numbers: numbers.replace(/(?:\.0+)+$/, ''),
    rest,
    rank: rest === '' ? 0 : rest.startsWith('+') ? 1 : -1,
  };
}

function inOrder(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
