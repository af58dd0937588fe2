import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { TaskRecord, TaskScript } from '../../api/task-record.js';
import type { Config } from '../../config/config.js';
import type { Place } from '../../drivers/driver.js';
import { AgentError, causeLine } from '../../errors.js';
import type { Reporter } from '../../logs/reporter.js';
import { pathInside, readRegularFile, writeRegularFile } from '../../os/inside-tree.js';
import { expandListed } from '../../python/requirements/list-variables.js';
import { applyDiff } from '../../repository/apply-diff.js';
import {
  type CheckedOut,
  type CheckoutRequest,
  checkoutRepository,
  checkWorkingFolder,
  fetchAhead,
} from '../../repository/checkout.js';
import { withoutForeignRepository } from '../../repository/git.js';
import { secretsFor } from '../../repository/git-environment.js';
import type { GitContext } from '../../repository/repository-git.js';
import { requirementSources, toolGitEnvironment } from '../../repository/requirement-sources.js';
import { nestedAddresses, vcsRepositories, withLogins } from '../../repository/requirement-url.js';
import {
  containedSettings,
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
export interface TaskCode extends ToolAccess {
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
  const folder = tree ? workingFolder(root, entry.workingDir, tree.url) : root;
  if (tree) await checkWorkingFolder(folder, entry.workingDir, tree.url);
  const exists = existsIn({ here: parts.here, root, folder });
  const plan = planCommand({ kind, entryPoint: entry.entryPoint, exists });
  checkInside(plan, { root, folder, where: tree?.url ?? root });
  checkEntryPoint(plan, exists, tree?.url ?? folder);
  if (plan.script && plan.conversion === undefined)
    mendScript(config, root, path.resolve(folder, plan.script));
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
    ...toolAccess(parts),
  };
}

/** Whether a file is there: one of the code, or an absolute path where those of this machine are the task's. */
function existsIn({ here, root, folder }: { here: boolean; root: string; folder: string }) {
  return (file: string): boolean =>
    (path.isAbsolute(file) ? here : pathInside(root, path.resolve(folder, file)) !== undefined) &&
    existsSync(path.resolve(folder, file));
}

/** A script with an absolute path may be part of the machine or the image; the agent neither reads nor changes it. */
function checkInside(
  plan: CommandPlan,
  { root, folder, where }: { root: string; folder: string; where: string },
): void {
  const file = plan.conversion?.notebook ?? plan.script;
  if (!file || path.isAbsolute(file) || pathInside(root, path.resolve(folder, file)) !== undefined) return;
  throw outside(`the entry point ${file}`, where, 'entry point');
}

/** @throws AgentError TASK_INVALID */
function workingFolder(root: string, workingDir: string, where: string): string {
  const folder = path.resolve(root, existingFolder(root, workingDir));
  if (pathInside(root, folder) !== undefined) return folder;
  throw outside(`the working directory ${workingDir}`, where, 'working directory');
}

function outside(what: string, where: string, field: string): AgentError {
  return new AgentError(
    'TASK_INVALID',
    `${what} of the task is outside of ${where}: an absolute path, one with "..", or a link that leads out`,
    { hint: `Correct the ${field} of the task: it is a path relative to the repository.` },
  );
}

/** On Windows folders are separated by backslashes. */
function existingFolder(root: string, workingDir: string): string {
  const slashed = workingDir.replaceAll('\\', '/');
  return !existsSync(path.resolve(root, workingDir)) && existsSync(path.resolve(root, slashed))
    ? slashed
    : workingDir || '.';
}

type ScriptParts = Pick<CodeParts, 'run' | 'script' | 'surroundings' | 'here'>;

/** What package tools are given of git. */
export interface ToolAccess {
  /** Git's settings without credentials. */
  toolEnvironment: Readonly<Record<string, string | undefined>>;
  /** Fetches private repositories of requirements for the tools. */
  gitSources: (
    texts: readonly string[],
    environment: Readonly<Record<string, string | undefined>>,
    place: Pick<Place, 'inside' | 'staging'>,
  ) => Promise<Record<string, string>>;
}

/** What package tools are given so that git reaches the repositories of a task. */
export function toolAccess(parts: CodeParts): ToolAccess {
  const { run, script, surroundings } = parts;
  const { settings, info } = readScript(parts);
  const listed = vcsRepositories(script.requirements ?? {}).map((url) =>
    expandListed(url, run.ctx.environment),
  );
  const urls = [...(info.repository ? [info.repository] : []), ...listed];
  for (const secret of secretsFor(urls, settings)) run.ctx.redactor.add(secret);
  return {
    toolEnvironment: {
      ...withoutForeignRepository(surroundings.environment),
      ...toolGitEnvironment(urls, settings, run.ctx.environment),
    },
    gitSources: (texts, environment, place) =>
      requirementSources({
        ...gitContext(parts, settings),
        // Logins are written into the task's own lists, which the tools get without them.
        addresses: withLogins(texts.flatMap(nestedAddresses), listed),
        workspace: parts.workspace,
        place,
        contained: !parts.here,
        toolEnvironment: environment,
      }),
  };
}

function readScript({ run, script, surroundings, here }: ScriptParts): {
  settings: RepositorySettings;
  info: ExecutionInfo;
} {
  const { config, hostConfig = config, environment: env, home } = surroundings;
  const forcedScript = config.variable('CLEARML_AGENT_FORCE_EXEC_SCRIPT');
  return {
    settings: {
      ...(here ? repositorySettings(hostConfig) : containedSettings(hostConfig, run.ctx.home)),
      standalone: run.ctx.standalone,
    },
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

/** Lines that an SDK put above `from __future__` are moved; tracking is added where the agent is told to. */
function mendScript(config: Config, root: string, named: string): void {
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
