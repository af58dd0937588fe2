import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { ensureFolder, writeFileDurable } from '../../os/files.js';

/** Value of the label `app.kubernetes.io/managed-by`. */
export const MANAGED_BY = 'clearml-agent';
export const OWNER_LABEL = 'clearml-agent-owner';
export const RUN_LABEL = 'clearml-agent-run';
const TASK_LABEL = 'clearml-task-id';
/** When the command was released: a daemon that was killed right after it finds that here. */
export const LAUNCHED = 'clearml-agent/launched';

const NAME_PREFIX = 'clearml-id-';
const ID_CHARACTERS = 32;

/** Name of the pod of a run: the same for the same run, so that no run has two. */
export function podName(taskId: string, owner: string, runFolder: string): string {
  const id = taskId
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, '-')
    .slice(0, ID_CHARACTERS);
  return `${NAME_PREFIX}${id}-${digest(`${owner}\n${runFolder}`)}`;
}

export interface LabelFacts {
  taskId: string;
  owner: string;
  runFolder: string;
  /** Id and name. */
  queue: { id: string; name: string | undefined } | undefined;
  workerId: string | undefined;
}

export function podLabels({ taskId, owner, runFolder, queue, workerId }: LabelFacts): Record<string, string> {
  const entries = {
    'app.kubernetes.io/managed-by': MANAGED_BY,
    [OWNER_LABEL]: owner,
    [RUN_LABEL]: runLabel(runFolder),
    [TASK_LABEL]: labelValue(taskId),
    'clearml-agent-queue': labelValue(queue?.id ?? ''),
    'clearml-agent-queue-name': labelValue(queue?.name ?? ''),
    'clearml-worker-id': labelValue(workerId ?? ''),
  };
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== ''));
}

/** The folder of a run by its name and that of its parent. */
export function runLabel(runFolder: string): string {
  return digest(runFolder);
}

export function ownedBy(owner: string): string {
  return `${OWNER_LABEL}=${owner}`;
}

/** Labels take up to 63 letters, digits, dashes, dots and underlines. */
export function labelValue(text: string): string {
  return text
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .slice(0, 63)
    .replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

const OWNER = /^[0-9a-f]{16}$/;

/** By the worker's folder, which has the folders of its runs. */
export function ownerOfRun(runFolder: string): Promise<string> {
  return ownerId(path.dirname(path.dirname(runFolder)));
}

/**
 * Tells the pods of this agent from those of other agents in the namespace, which may have the same paths and worker ids.
 *
 * @param folder that outlives the daemon
 */
export async function ownerId(folder: string): Promise<string> {
  const file = path.join(folder, 'kubernetes-owner');
  const known = (await readFile(file, 'utf8').catch(() => '')).trim();
  if (OWNER.test(known)) return known;
  await ensureFolder(folder);
  const made = randomBytes(8).toString('hex');
  await writeFileDurable(file, `${made}\n`, 0o600);
  return made;
}
