import { existsSync } from 'node:fs';
import { mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TaskRecord, TaskScript } from '../../api/task-record.js';
import type { Config } from '../../config/config.js';
import { AgentError, causeLine } from '../../errors.js';
import type { Reporter } from '../../logs/reporter.js';
import { isMissing } from '../../os/files.js';
import { expandListed } from '../../python/requirements/list-variables.js';
import { applyDiff } from '../../repository/apply-diff.js';
import {
  type CheckedOut,
  type CheckoutRequest,
  checkoutRepository,
  checkWorkingFolder,
  fetchAhead,
} from '../../repository/checkout.js';
import { gitEnvironment, secretsFor } from '../../repository/git-environment.js';
import { withoutForeignRepository } from '../../repository/git.js';
import type { GitContext } from '../../repository/repository-git.js';
import { vcsRepositories } from '../../repository/requirement-url.js';
import {
  type RepositorySettings,
  repositoryCacheFolder,
  repositorySettings,
} from '../../repository/settings.js';
import type { TaskRun } from '../run.js';
import type { Surroundings } from '../surroundings.js';
import { type ChangeText, readChanges } from './change-text.js';
import { type CommandPlan, checkEntryPoint, planCommand } from './command.js';
import { type ExecutionInfo, executionInfo } from './entry-point.js';
import { readEntry } from './entry-words.js';
import { planLiteralScript } from './literal-script.js';
import { type InterpreterKind, interpreterKind, shellCandidates } from './script-binary.js';
import { storedChanges } from './stored-changes.js';
import { addTaskInit, moveFutureImports } from './task-init.js';

/** The code of a task, by its paths on this machine, and how it is run. */
export interface TaskCode {
  kind: InterpreterKind;
  /** For a shell task: programs to look for, the best first. */
  shells: readonly string[];
  /** Working directory of the task. */
  folder: string;
  /** As the task names it. */
  shownFolder: string;
  plan: CommandPlan;
  pythonPath: readonly string[];
  /** `undefined` for a task without a repository. */
  repository: { root: string; workingFolder: string; entryFolder: string } | undefined;
  commit: string | undefined;
  url: string | undefined;
  /** For package tools: what makes git reach private repositories. */
  toolEnvironment: Readonly<Record<string, string | undefined>>;
}

export interface CodeParts {
  run: TaskRun;
  record: TaskRecord;
  script: TaskScript;
  workspace: string;
  surroundings: Surroundings;
  /** Paths of this machine and of the task's command are the same ones. */
  here: boolean;
  signal: AbortSignal;
  /** When the run began, milliseconds since 1970. */
  since?: number;
  /** The log of the run, when absent. */
  reporter?: Reporter;
}

/**
 * Puts the code of a task into its workspace: checkout and uncommitted changes, or a script of the task's own.
 *
 * @throws AgentError REPOSITORY_CLONE, REPOSITORY_REVISION, REPOSITORY_DIFF, ENTRY_POINT_MISSING, TASK_INVALID
 */
export async function prepareCode(parts: CodeParts): Promise<TaskCode> {
  const { run, script } = parts;
  const { log } = run;
  const { config, environment: env } = parts.surroundings;
  const { settings, info } = readScript(parts);
  const { kind, known } = interpreterKind(script.binary);
  if (!known)
    log.line(`binary "${script.binary ?? ''}" is no interpreter that is known; taken as Python`, 'WARNING');
  const tree = info.repository ? await checkOut(parts, settings) : undefined;
  const root = tree?.root ?? path.join(parts.workspace, 'code');
  await mkdir(root, { recursive: true });
  const entry = await bringChanges(parts, { info, kind, tree, root, settings });
  const folder = tree ? path.resolve(root, existingFolder(root, entry.workingDir)) : root;
  if (tree) {
    await checkWorkingFolder(folder, entry.workingDir, tree.url);
    await refuseOutside(root, folder, `the working directory ${entry.workingDir}`);
  }
  const reached = (file: string) => parts.here || !path.isAbsolute(file);
  const exists = (file: string) => reached(file) && existsSync(path.resolve(folder, file));
  const plan = planCommand({ kind, entryPoint: entry.entryPoint, exists });
  checkEntryPoint(plan, exists, tree?.url ?? folder);
  const file = plan.conversion?.notebook ?? plan.script;
  if (file && !path.isAbsolute(file)) await refuseOutside(root, path.resolve(folder, file), file);
  if (plan.script && plan.conversion === undefined && !path.isAbsolute(plan.script)) {
    await mendScript(config, path.resolve(folder, plan.script));
  }
  const entryFolder = plan.script ? path.dirname(path.resolve(folder, plan.script)) : folder;
  return {
    kind,
    shells: shellCandidates(script.binary ?? '', env),
    folder,
    shownFolder: entry.workingDir || '.',
    plan,
    pythonPath: pythonPath(config, { root, folder, entryFolder, hasRepository: tree !== undefined }),
    repository: tree && { root, workingFolder: folder, entryFolder },
    commit: tree?.commit,
    url: tree?.url,
    toolEnvironment: toolEnvironment(parts),
  };
}

/** On Windows folders are separated by backslashes. */
function existingFolder(root: string, workingDir: string): string {
  const slashed = workingDir.replaceAll('\\', '/');
  return !existsSync(path.resolve(root, workingDir)) && existsSync(path.resolve(root, slashed))
    ? slashed
    : workingDir || '.';
}

type ScriptParts = Pick<CodeParts, 'run' | 'script' | 'surroundings'>;

/** What package tools are given so that git reaches the repositories of a task. */
export function toolEnvironment(parts: ScriptParts): Record<string, string | undefined> {
  const { run, script, surroundings } = parts;
  const { settings, info } = readScript(parts);
  const listed = vcsRepositories(script.requirements ?? {}).map((url) =>
    expandListed(url, run.ctx.environment),
  );
  const urls = [...(info.repository ? [info.repository] : []), ...listed];
  for (const secret of secretsFor(urls, settings)) run.ctx.redactor.add(secret);
  return {
    ...withoutForeignRepository(surroundings.environment),
    ...gitEnvironment(urls, settings, run.ctx.environment, { anyHost: true }),
  };
}

function readScript({ run, script, surroundings }: ScriptParts): {
  settings: RepositorySettings;
  info: ExecutionInfo;
} {
  const { config, hostConfig = config, environment: env, home } = surroundings;
  const forcedScript = config.variable('CLEARML_AGENT_FORCE_EXEC_SCRIPT');
  return {
    settings: { ...repositorySettings(hostConfig), standalone: run.ctx.standalone },
    info: executionInfo(script, { env, home, ...(forcedScript ? { forcedScript } : {}) }),
  };
}

/**
 * Fetches the code of a task whose container is still being made; the checkout finds it then. Never fails: the
 * checkout says why it cannot be had.
 */
export async function fetchCode(parts: CodeParts): Promise<void> {
  try {
    const { settings, info } = readScript(parts);
    if (info.repository) await fetchAhead(checkoutRequest(parts, settings));
  } catch (error) {
    parts.run.ctx.logger.debug(`task ${parts.run.task}: its code was not fetched ahead: ${causeLine(error)}`);
  }
}

function checkoutRequest(parts: CodeParts, settings: RepositorySettings): CheckoutRequest {
  const { run, script, workspace, since } = parts;
  return {
    ...gitContext(parts, settings),
    script,
    workspace,
    onSecret: (secret) => run.ctx.redactor.add(secret),
    ...(since === undefined ? {} : { since }),
  };
}

async function checkOut(parts: CodeParts, settings: RepositorySettings): Promise<CheckedOut> {
  const { run, script } = parts;
  const tree = await checkoutRepository(checkoutRequest(parts, settings));
  if (!script.version_num && tree.commit !== undefined && !tree.forced) await noteCommit(run, tree.commit);
  return tree;
}

function gitContext(
  { run, signal, reporter = run.log }: CodeParts,
  settings: RepositorySettings,
): GitContext {
  const { ctx } = run;
  return {
    settings,
    cacheFolder: repositoryCacheFolder(ctx.config, ctx.home, ctx.cacheFolder),
    env: ctx.environment,
    home: ctx.home,
    reporter,
    signal,
  };
}

interface Changes {
  info: ExecutionInfo;
  kind: InterpreterKind;
  tree: CheckedOut | undefined;
  root: string;
  settings: RepositorySettings;
}

/** The task's `diff`: a whole script, changes to the checkout, or something else that changes nothing. */
async function bringChanges(
  parts: CodeParts,
  changes: Changes,
): Promise<Pick<ExecutionInfo, 'entryPoint' | 'workingDir'>> {
  const { info, kind, tree, root, settings } = changes;
  const { log } = parts.run;
  if (tree?.forced) return info;
  const text = await changeText(parts, kind);
  if (text.kind === 'diff') {
    const request = { root, diff: text.text, workingDir: info.workingDir };
    if (tree) await applyDiff({ ...gitContext(parts, settings), ...request });
    else log.line('the uncommitted changes are left out: the task has no repository', 'WARNING');
    return info;
  }
  if (text.kind === 'nothing' && (tree || text.text.trim() === '')) {
    for (const note of text.notes) log.line(`uncommitted changes: ${note}`, 'WARNING');
    return info;
  }
  if (text.kind === 'words' && tree && hasEntry(changes)) {
    const start = JSON.stringify(text.text.trim().split('\n', 1)[0]?.slice(0, 80));
    log.line(
      `the text in the place of uncommitted changes is neither a diff nor a script and is ignored; it begins with ${start}`,
      'WARNING',
    );
    return info;
  }
  return writeScript(parts, changes, text.text);
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
  const exists = (file: string): boolean =>
    existsSync(path.resolve(root, existingFolder(root, info.workingDir), file));
  return entry !== '' && exists(readEntry(entry, exists).file);
}

async function writeScript(
  { surroundings }: CodeParts,
  { info, kind, root }: Changes,
  text: string,
): Promise<Pick<ExecutionInfo, 'entryPoint' | 'workingDir'>> {
  const literal = planLiteralScript(info, { text, kind, root });
  const file = path.join(root, literal.folder, literal.file);
  await refuseOutside(root, file, literal.file);
  await mkdir(path.dirname(file), { recursive: true });
  await rm(file, { force: true }); // it may be a link
  await writeFile(file, literal.text.endsWith('\n') ? literal.text : `${literal.text}\n`);
  await mendScript(surroundings.config, file);
  return literal;
}

/**
 * A path of the task stays among its code, also where folders of the repository are links.
 *
 * @param what the path as the task names it
 * @throws AgentError TASK_INVALID
 */
async function refuseOutside(root: string, file: string, what: string): Promise<void> {
  const top = await realpath(root);
  const real = await realOf(file);
  if (real === top || real.startsWith(`${top}${path.sep}`)) return;
  throw new AgentError('TASK_INVALID', `${what} of the task leads out of its code, to ${real}`, {
    hint: 'Name a path inside the repository that no link takes elsewhere.',
  });
}

/** With every link resolved; what does not exist yet is below the last folder that does. */
async function realOf(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (error) {
    const parent = path.dirname(file);
    if (!isMissing(error) || parent === file) throw error;
    return path.join(await realOf(parent), path.basename(file));
  }
}

/** Lines that an SDK put above `from __future__` are moved; tracking is added where the agent is told to. */
async function mendScript(config: Config, file: string): Promise<void> {
  if (!file.endsWith('.py')) return;
  // Byte for byte: the encoding is the script's own affair, and all that matters here is ASCII (PEP 263).
  const text = await readFile(file, 'latin1');
  const mended = mendedScript(config, text, file);
  if (mended !== text) await writeFile(file, mended, 'latin1');
}

export function mendedScript(config: Config, text: string, file: string): string {
  const moved = moveFutureImports(text);
  return config.flag('CLEARML_AGENT_FORCE_TASK_INIT') ? addTaskInit(moved, file) : moved;
}

function pythonPath(
  config: Config,
  folders: { root: string; folder: string; entryFolder: string; hasRepository: boolean },
): string[] {
  const own =
    folders.hasRepository && config.boolean('agent.force_git_root_python_path')
      ? [folders.root, folders.folder]
      : [folders.folder, folders.entryFolder];
  return [...new Set(own)];
}

async function noteCommit({ ctx, task }: TaskRun, commit: string): Promise<void> {
  if (!ctx.reportsStatus) return;
  try {
    await ctx.tasks.edit({ task, force: true, script: { version_num: commit } }, { retry: 'bounded' });
  } catch (error) {
    ctx.logger.warn(`task ${task}: its commit was not noted: ${causeLine(error)}`);
  }
}
