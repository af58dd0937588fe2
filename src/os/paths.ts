import { createHash } from 'node:crypto';
import path from 'node:path';

const STATE_VARIABLE = 'CLEARML_AGENT_STATE_DIR';

/** The folder where agents of this user keep what must survive a restart. */
export function stateFolder(env: Readonly<Record<string, string | undefined>>, home: string): string {
  const override = env[STATE_VARIABLE]?.trim();
  return override ? path.resolve(expandHome(override, home)) : path.join(home, '.clearml', 'agent');
}

/** The folder of one worker: its lock, its journal, its runs. */
export function workerFolder(state: string, workerId: string): string {
  return path.join(state, 'workers', fileNameOf(workerId));
}

/** The folder of one run of a task. `attempt` tells apart runs of the same task, counted from 1. */
export function runFolder(worker: string, taskId: string, attempt: number): string {
  return path.join(worker, 'runs', `${fileNameOf(taskId)}.${attempt}`);
}

/** The task that such a folder is for, where its id is all in the name. */
export function taskOfRunFolder(folder: string): string | undefined {
  const [, name = '', task = ''] = /^((.+)-[0-9a-f]{10})\.\d+$/.exec(path.basename(folder)) ?? [];
  return task !== '' && fileNameOf(task) === name ? task : undefined;
}

/**
 * A file name for any text: readable, and different for texts that differ, also in upper and lower case
 * on a file system that does not tell them apart.
 */
export function fileNameOf(text: string): string {
  const readable = text
    .replace(/[^A-Za-z0-9._-]+/g, '_')
    .replace(/^\.+/, '_')
    .slice(0, 80);
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 10);
  return `${readable}-${hash}`;
}

/** `~` and `~/x` as the shell reads them. */
export function expandHome(file: string, home: string): string {
  if (file === '~') return home;
  return file.startsWith('~/') ? path.join(home, file.slice(2)) : file;
}
