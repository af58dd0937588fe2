import { existsSync } from 'node:fs';
import path from 'node:path';
import { AgentError } from '../../errors.js';
import { pathInside } from '../../os/inside-tree.js';
import type { CommandPlan } from './command.js';

/** Whether a file is there: one of the code, or an absolute path where those of this machine are the task's. */
export function existsIn({ here, root, folder }: { here: boolean; root: string; folder: string }) {
  return (file: string): boolean =>
    (path.isAbsolute(file) ? here : pathInside(root, path.resolve(folder, file)) !== undefined) &&
    existsSync(path.resolve(folder, file));
}

/** A script with an absolute path may be part of the machine or the image; the agent neither reads nor changes it. */
export function checkInside(
  plan: CommandPlan,
  { root, folder, where }: { root: string; folder: string; where: string },
): void {
  const file = plan.conversion?.notebook ?? plan.script;
  if (!file || path.isAbsolute(file) || pathInside(root, path.resolve(folder, file)) !== undefined) return;
  throw outside(`the entry point ${file}`, where, 'entry point');
}

/** @throws AgentError TASK_INVALID */
export function workingFolder(root: string, workingDir: string, where: string): string {
  const folder = path.resolve(root, existingFolder(root, workingDir));
  if (pathInside(root, folder) !== undefined) return folder;
  throw outside(`the working directory ${workingDir}`, where, 'working directory');
}

export function outside(what: string, where: string, field: string): AgentError {
  return new AgentError(
    'TASK_INVALID',
    `${what} of the task is outside of ${where}: an absolute path, one with "..", or a link that leads out`,
    { hint: `Correct the ${field} of the task: it is a path relative to the repository.` },
  );
}

/** On Windows folders are separated by backslashes. */
export function existingFolder(root: string, workingDir: string): string {
  const slashed = workingDir.replaceAll('\\', '/');
  return !existsSync(path.resolve(root, workingDir)) && existsSync(path.resolve(root, slashed))
    ? slashed
    : workingDir || '.';
}
