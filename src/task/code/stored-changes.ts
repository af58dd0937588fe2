import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { TaskRecord } from '../../api/task-record.js';
import { AgentError, causeLine } from '../../errors.js';
import type { TaskRun } from '../task-run.js';

/** `clearml` 2.1.12, `Task._create_dev_task`: a diff or script of more than 500,000 letters becomes this artifact. */
const ARTIFACT = 'auxiliary_git_diff';
/** A clone has none of the artifacts; they are those of the task that it was cloned from. */
const MOST_PARENTS = 10;
const RETRY_AFTER_MS = [1000, 3000];

export interface StoredParts {
  run: TaskRun;
  record: TaskRecord;
  /** Files of this machine may be read for the task. */
  here: boolean;
  signal: AbortSignal;
}

/**
 * The changes that were too large for the task itself.
 *
 * @throws AgentError REPOSITORY_DIFF when they are nowhere or cannot be read
 */
export async function storedChanges(parts: StoredParts): Promise<string> {
  const { run, record } = parts;
  const uri = await artifactAddress(run, record);
  if (uri === undefined) throw missing(`the task has no artifact ${ARTIFACT}`);
  run.log.line(`uncommitted changes: reading the artifact ${ARTIFACT} (${uri})`);
  try {
    return await readAddress(uri, parts);
  } catch (error) {
    parts.signal.throwIfAborted();
    throw missing(`the artifact ${ARTIFACT} cannot be read: ${causeLine(error)}`);
  }
}

async function artifactAddress({ ctx }: TaskRun, record: TaskRecord): Promise<string | undefined> {
  let task: TaskRecord | undefined = record;
  for (let parents = 0; task !== undefined && parents <= MOST_PARENTS; parents += 1) {
    const found = task.execution?.artifacts?.find(({ key, uri }) => key === ARTIFACT && uri);
    if (found?.uri) return found.uri;
    const { parent }: TaskRecord = task;
    const next: TaskRecord | undefined = parent
      ? await ctx.tasks.getById(parent, { retry: 'bounded' }).catch(() => undefined)
      : undefined;
    // Another task's changes only when it is the same code.
    task = isSameCode(next, record) ? next : undefined;
  }
  return undefined;
}

function isSameCode(other: TaskRecord | undefined, { script }: TaskRecord): boolean {
  return (
    other?.script?.diff?.trim() === script?.diff?.trim() &&
    (!script?.version_num || other?.script?.version_num === script.version_num)
  );
}

async function readAddress(uri: string, parts: StoredParts): Promise<string> {
  if (/^file:/i.test(uri) && parts.here) return readFile(fileURLToPath(uri), 'utf8');
  if (!/^https?:/i.test(uri)) {
    throw new AgentError('REPOSITORY_DIFF', `the agent reads artifacts by http and https only, not ${uri}`);
  }
  for (const pause of RETRY_AFTER_MS) {
    try {
      return await readOnce(uri, parts);
    } catch (error) {
      parts.signal.throwIfAborted();
      parts.run.log.line(`${causeLine(error)}, trying again in ${pause / 1000} s`, 'WARNING');
      await sleep(pause, undefined, { signal: parts.signal });
    }
  }
  return readOnce(uri, parts);
}

function readOnce(uri: string, { run: { ctx }, signal }: StoredParts): Promise<string> {
  return ctx.tasks.readArtifact(uri, ctx.config.api.filesServer, signal);
}

function missing(why: string): AgentError {
  return new AgentError(
    'REPOSITORY_DIFF',
    `the uncommitted changes were too large to be stored with the task, and ${why}`,
    {
      hint: 'Commit and push the changes, or clear the uncommitted changes of the task to run the commit without them.',
    },
  );
}
