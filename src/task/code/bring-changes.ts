import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../../config/config.js';
import { AgentError } from '../../errors.js';
import { pathInside, readRegularFile, writeRegularFile } from '../../os/inside-tree.js';
import { applyDiff } from '../../repository/apply-diff.js';
import type { CheckedOut } from '../../repository/checkout.js';
import type { GitContext } from '../../repository/repository-git.js';
import { type ChangeText, readChanges } from './change-text.js';
import { existingFolder, existsIn, outside } from './code-paths.js';
import type { ExecutionInfo } from './entry-point.js';
import { readEntry } from './entry-words.js';
import { planLiteralScript } from './literal-script.js';
import type { CodeParts } from './prepare-code.js';
import type { InterpreterKind } from './script-binary.js';
import { storedChanges } from './stored-changes.js';
import { addTaskInit, moveFutureImports } from './task-init.js';

interface Changes {
  info: ExecutionInfo;
  kind: InterpreterKind;
  tree: CheckedOut | undefined;
  root: string;
  git: GitContext;
}

/**
 * The task's `diff`: a whole script, changes to the checkout, or remarks that change nothing.
 *
 * @throws AgentError REPOSITORY_DIFF
 */
export async function bringChanges(
  parts: CodeParts,
  changes: Changes,
): Promise<Pick<ExecutionInfo, 'entryPoint' | 'workingDir'>> {
  const { info, kind, tree, root, git } = changes;
  const { log } = parts.run;
  if (tree?.forced) return info;
  const text = await changeText(parts, kind);
  if (text.kind === 'diff') {
    const request = { root, diff: text.text, workingDir: info.workingDir };
    if (tree) await applyDiff({ ...git, ...request });
    else log.line('the uncommitted changes are left out: the task has no repository', 'WARNING');
    return info;
  }
  if (text.kind === 'nothing' && (tree || text.text.trim() === '')) {
    for (const note of text.notes) log.line(`uncommitted changes: ${note}`, 'WARNING');
    return info;
  }
  if (text.kind === 'words' && tree && hasEntry(changes)) throw noChanges(text.text);
  return writeScript(parts, changes, text.text);
}

/** The task would run the code of the commit alone, and its result would look like that of the changed code. */
function noChanges(text: string): AgentError {
  const start = JSON.stringify(text.trim().split('\n', 1)[0]?.slice(0, 80));
  return new AgentError(
    'REPOSITORY_DIFF',
    `the uncommitted changes of the task are neither a diff nor a script; they begin with ${start}`,
    { hint: 'Correct the uncommitted changes of the task, or empty the field to run the commit as it is.' },
  );
}

/** What the text of the task is, or the artifact that the SDK stored in its place. */
async function changeText(
  parts: CodeParts,
  kind: InterpreterKind,
): Promise<Exclude<ChangeText, { kind: 'stored elsewhere' }>> {
  const read = readChanges(parts.script.diff ?? '', kind);
  if (read.kind !== 'stored elsewhere') return read;
  const stored = await storedChanges(parts);
  const whole = readChanges(`${stored.trimEnd()}\n${read.rest}`, kind);
  return whole.kind === 'stored elsewhere' ? { kind: 'words', text: stored } : whole;
}

/** Whether the checkout itself has what the task runs. */
function hasEntry({ info, root }: Changes): boolean {
  const entry = info.entryPoint.trim();
  if (entry.startsWith('-')) return true;
  const folder = path.resolve(root, existingFolder(root, info.workingDir));
  const exists = existsIn({ here: true, root, folder });
  return entry !== '' && exists(readEntry(entry, exists).file);
}

function writeScript(
  { surroundings }: CodeParts,
  { info, kind, root }: Changes,
  text: string,
): Pick<ExecutionInfo, 'entryPoint' | 'workingDir'> {
  const literal = planLiteralScript(info, { text, kind, root });
  const file = pathInside(root, path.join(literal.folder, literal.file));
  if (file === undefined) {
    throw outside(`the script ${path.join(literal.folder, literal.file)}`, root, 'working directory');
  }
  writeRegularFile(file, literal.text.endsWith('\n') ? literal.text : `${literal.text}\n`);
  mendScript(surroundings.config, root, file);
  return literal;
}

/** Lines that an SDK put above `from __future__` are moved; tracking is added where the configuration asks for it. */
export function mendScript(config: Config, root: string, named: string): void {
  const file = pathInside(root, named);
  if (file === undefined || !existsSync(file) || !named.endsWith('.py')) return;
  // Byte for byte: the encoding is the script's own affair, and all that matters here is ASCII (PEP 263).
  const text = readRegularFile(file).toString('latin1');
  const mended = mendedScript(config, text, file);
  if (mended !== text) writeRegularFile(file, mended, 'latin1');
}

export function mendedScript(config: Config, text: string, file: string): string {
  const moved = moveFutureImports(text);
  return config.flag('CLEARML_AGENT_FORCE_TASK_INIT') ? addTaskInit(moved, file) : moved;
}
