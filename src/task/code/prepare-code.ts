import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TaskScript } from '../../api/task-record.js';
import type { Config } from '../../config/config.js';
import { causeLine } from '../../errors.js';
import type { Reporter } from '../../logs/reporter.js';
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
import type { GitContext } from '../../repository/repository-git.js';
import { vcsRepositories } from '../../repository/requirement-url.js';
import {
  type RepositorySettings,
  repositoryCacheFolder,
  repositorySettings,
} from '../../repository/settings.js';
import type { TaskRun } from '../run.js';
import type { Surroundings } from '../surroundings.js';
import { type CommandPlan, checkEntryPoint, planCommand } from './command.js';
import { type ExecutionInfo, executionInfo } from './entry-point.js';
import { isLiteralScript, planLiteralScript } from './literal-script.js';
import { type InterpreterKind, interpreterKind, shellCandidates } from './script-binary.js';
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
  toolEnvironment: Readonly<Record<string, string>>;
}

export interface CodeParts {
  run: TaskRun;
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
  const folder = tree ? path.resolve(root, entry.workingDir || '.') : root;
  if (tree) await checkWorkingFolder(folder, entry.workingDir, tree.url);
  const reached = (file: string) => parts.here || !path.isAbsolute(file);
  const exists = (file: string) => reached(file) && existsSync(path.resolve(folder, file));
  const plan = planCommand({ kind, entryPoint: entry.entryPoint, env, exists });
  checkEntryPoint(plan, exists, tree?.url ?? folder);
  if (plan.script && plan.conversion === undefined && reached(plan.script)) {
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

type ScriptParts = Pick<CodeParts, 'run' | 'script' | 'surroundings'>;

/** What package tools are given so that git reaches the repositories of a task. */
export function toolEnvironment(parts: ScriptParts): Record<string, string> {
  const { run, script } = parts;
  const { settings, info } = readScript(parts);
  const listed = vcsRepositories(script.requirements ?? {}).map((url) =>
    expandListed(url, run.ctx.environment),
  );
  const urls = [...(info.repository ? [info.repository] : []), ...listed];
  for (const secret of secretsFor(urls, settings)) run.ctx.redactor.add(secret);
  return gitEnvironment(urls, settings, run.ctx.environment, { anyHost: true });
}

function readScript({ run, script, surroundings }: ScriptParts): {
  settings: RepositorySettings;
  info: ExecutionInfo;
} {
  const { config, environment: env, home } = surroundings;
  const forcedScript = config.variable('CLEARML_AGENT_FORCE_EXEC_SCRIPT');
  return {
    settings: { ...repositorySettings(config), standalone: run.ctx.standalone },
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

/** The task's `diff`: a whole script, or changes to the checkout. */
async function bringChanges(
  parts: CodeParts,
  { info, kind, tree, root, settings }: Changes,
): Promise<Pick<ExecutionInfo, 'entryPoint' | 'workingDir'>> {
  const text = parts.script.diff ?? '';
  if (text.trim() === '' || tree?.forced) return info;
  if (!isLiteralScript(text)) {
    if (tree) await applyDiff({ ...gitContext(parts, settings), root, diff: text });
    else parts.run.log.line('the uncommitted changes are left out: the task has no repository', 'WARNING');
    return info;
  }
  const literal = planLiteralScript(info, { text, kind, root });
  const file = path.join(root, literal.folder, literal.file);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, literal.text.endsWith('\n') ? literal.text : `${literal.text}\n`);
  return literal;
}

/** Lines that an SDK put above `from __future__` are moved; tracking is added where the agent is told to. */
async function mendScript(config: Config, file: string): Promise<void> {
  if (!file.endsWith('.py')) return;
  const text = await readFile(file, 'utf8');
  const mended = mendedScript(config, text, file);
  if (mended !== text) await writeFile(file, mended);
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
