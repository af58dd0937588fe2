import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { causeLine } from '../errors.js';
import { readTextIfThere, writeFileDurable } from '../os/files.js';
import { expandHome } from '../os/paths.js';
import type { AgentContext } from '../task/context.js';

const KEPT = 'kept-workspace';

/**
 * Folder for code and packages of one run alone. Workers of one machine that get the same task, one after the other,
 * have different ones.
 */
export function workspaceOf(
  { config, home }: Pick<AgentContext, 'config' | 'home'>,
  runFolder: string,
): string {
  const parent = expandHome(config.agent.venvsDir, home);
  const worker = createHash('sha256').update(path.dirname(runFolder)).digest('hex').slice(0, 8);
  return path.join(parent, `${path.basename(runFolder)}.${worker}`);
}

/** Of the workspace, the folder that a container has; what the agent makes for it lies beside it. */
export function containerWorkspace(workspace: string): string {
  return path.join(workspace, 'container');
}

/** `<run folder>.<worker>` */
function runOf(workspace: string): string {
  return path.basename(workspace).replace(/\.[0-9a-f]{8}$/, '');
}

type WorkspaceContext = Pick<AgentContext, 'config' | 'home' | 'stateFolder'> & {
  logger: Pick<AgentContext['logger'], 'warn'>;
};

/**
 * Clears up after a run. The workspace of a failed one stays for inspection, until the next run of this
 * worker has failed too.
 */
export async function leaveWorkspace(ctx: WorkspaceContext, runFolder: string, keep: boolean): Promise<void> {
  const workspace = workspaceOf(ctx, runFolder);
  if (!keep) return remove(workspace);
  const note = path.join(ctx.stateFolder, KEPT);
  const before = await keptWorkspace(ctx.stateFolder);
  try {
    await writeFileDurable(note, workspace);
  } catch (error) {
    // Without a note the workspace would never be removed, nor the run's folder.
    ctx.logger.warn(`the workspace ${workspace} is not kept: ${causeLine(error)}`);
    return remove(workspace);
  }
  if (!before || before === workspace) return;
  // The task of the kept one may be running again, in the same folder.
  if (!existsSync(path.join(path.dirname(runFolder), runOf(before)))) await remove(before);
}

/** The workspace of a failed run that a worker keeps, if there is one. */
export async function keptWorkspace(worker: string): Promise<string | undefined> {
  const text = await readTextIfThere(path.join(worker, KEPT)).catch(() => undefined);
  // A damaged note may name anything, and what it names is removed one day.
  return text !== undefined && path.isAbsolute(text) && WORKSPACE.test(path.basename(text))
    ? text
    : undefined;
}

/** `<task>-<hash>.<attempt>.<worker>` */
const WORKSPACE = /-[0-9a-f]{10}\.\d+\.[0-9a-f]{8}$/;

async function remove(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}
