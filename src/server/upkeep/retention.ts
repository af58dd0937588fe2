import { setImmediate as pause } from 'node:timers/promises';
import type { ServerContext } from '../context.js';
import { isoDate } from '../dates.js';
import { deleteEvents } from '../events/event-store.js';
import { eventUrls } from '../events/event-urls.js';
import { removeFile } from '../files/removal.js';
import { removeTask } from '../services/task-removal.js';
import { readSetting, writeSetting } from '../storage/settings.js';
import type { TaskDocument } from '../tasks/task-document.js';

/** How long things of finished tasks stay after the last change of the task, in milliseconds; `undefined`: without end. */
export interface Retention {
  logsMs?: number | undefined;
  metricsMs?: number | undefined;
  /** Tasks with all that belongs to them; published ones stay. */
  tasksMs?: number | undefined;
  /** Milliseconds between two looks; without it an hour, and a minute before the first. */
  everyMs?: number | undefined;
}

export interface Removed {
  /** Tasks of which log lines or metrics were removed. */
  logs: number;
  metrics: number;
  tasks: number;
}

/** Where uploads are, and the addresses with which they begin in tasks. */
export interface Uploads {
  folder: string;
  addresses: readonly string[];
}

/** Signs what no user asked for. */
const ITSELF = { user: '__apiserver__', userName: '__apiserver__', company: '', role: 'system' };
/** Tasks between two pauses, in which requests are answered. */
const PORTION = 20;
const FINISHED = "status IN ('completed', 'stopped', 'failed', 'closed')";
/** Until when the logs and metrics of finished tasks are gone already. */
const SETTING = 'retention';

/** Removes what is older than it may be. */
export async function applyRetention(
  server: ServerContext,
  { logsMs, metricsMs, tasksMs }: Retention,
  uploads: Uploads,
): Promise<Removed> {
  const tasks = tasksMs === undefined ? 0 : await removeTasks(server, limitOf(server, tasksMs), uploads);
  const logs =
    logsMs === undefined ? 0 : await removeEvents(server, 'logs', limitOf(server, logsMs), uploads);
  const metrics =
    metricsMs === undefined ? 0 : await removeEvents(server, 'metrics', limitOf(server, metricsMs), uploads);
  return { logs, metrics, tasks };
}

function limitOf(server: ServerContext, ageMs: number): string {
  return isoDate(server.now() - ageMs);
}

/** Ids of finished tasks whose last change is in a span of time. */
function finished(server: ServerContext, from: string, to: string): string[] {
  const changed = "json_extract(body, '$.last_update')";
  const sql = `SELECT id FROM tasks WHERE ${FINISHED} AND ${changed} >= ? AND ${changed} < ?`;
  return server.database.all(sql, from, to).map(({ id }) => String(id));
}

async function inPortions(
  server: ServerContext,
  ids: readonly string[],
  action: (id: string) => void,
): Promise<void> {
  for (let at = 0; at < ids.length; at += PORTION) {
    server.database.transaction(() => {
      for (const id of ids.slice(at, at + PORTION)) action(id);
    });
    await pause();
  }
}

async function removeEvents(
  server: ServerContext,
  kind: 'logs' | 'metrics',
  limit: string,
  uploads: Uploads,
): Promise<number> {
  const done = readSetting(server.database, SETTING);
  const from = typeof done[kind] === 'string' ? done[kind] : '';
  // A task that was run again since then has its events of both runs until it is old again.
  const ids = finished(server, from, limit);
  let count = 0;
  const urls: string[] = [];
  await inPortions(server, ids, (id) => {
    if (kind === 'metrics') urls.push(...eventUrls(server.database, id));
    if (deleteEvents(server.database, id, kind) > 0) count += 1;
  });
  await removeFiles(urls, uploads);
  if (limit > from) writeSetting(server.database, SETTING, { ...done, [kind]: limit });
  return count;
}

async function removeTasks(server: ServerContext, limit: string, uploads: Uploads): Promise<number> {
  const ids = finished(server, '', limit);
  const files: string[] = [];
  let count = 0;
  await inPortions(server, ids, (id) => {
    const task = server.tasks.find(id);
    if (task === undefined || hasPublished(server, task)) return;
    const { urls } = removeTask({ server, identity: ITSELF }, task, { force: true, deletesModels: true });
    files.push(...urls.artifact_urls, ...urls.event_urls, ...urls.model_urls);
    count += 1;
  });
  await removeFiles(files, uploads);
  return count;
}

/** Published models and children keep the task that they come from. */
function hasPublished(server: ServerContext, { id }: TaskDocument): boolean {
  const children = { where: "parent = ? AND status = 'published'", parameters: [id] };
  if (server.tasks.count(children) > 0) return true;
  return [...server.models.scan({ where: 'task = ?', parameters: [id] })].some(({ ready }) => ready);
}

/** Removes what is on the file server; files of other servers are theirs. */
async function removeFiles(urls: readonly string[], { folder, addresses }: Uploads): Promise<void> {
  for (const url of urls) {
    const address = addresses.find((one) => url.startsWith(`${one}/`));
    if (address === undefined || !URL.canParse(url)) continue;
    // A file that a client has removed already is no loss.
    await removeFile(folder, decodedPath(url.slice(address.length))).catch(() => undefined);
  }
}

/** Paths of the SDK are percent-encoded; a text that is not is one already. */
function decodedPath(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
