import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { TaskRecord, TaskScript } from '../../api/task-record.js';
import type { Config } from '../../config/config.js';
import type { Place } from '../../drivers/driver.js';
import { causeLine } from '../../errors.js';
import type { Reporter } from '../../logs/reporter.js';
import { expandListed } from '../../packaging/list-variables.js';
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
import type { BegunWork } from '../early-work.js';
import { noteMeanwhile } from '../notes.js';
import type { Surroundings } from '../surroundings.js';
import type { TaskRun } from '../task-run.js';
import { bringChanges, mendScript } from './bring-changes.js';
import { checkInside, existsIn, workingFolder } from './code-paths.js';
import { type CommandPlan, checkEntryPoint, planCommand } from './command.js';
import { type ExecutionInfo, executionInfo } from './entry-point.js';
import { type InterpreterKind, interpreterKind, shellCandidates } from './script-binary.js';

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
  /** The checkout, where it has begun. */
  begun?: Pick<BegunWork, 'tree' | 'tell'>;
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
  const tree = await checkOut(parts, { settings, info });
  const root = tree?.root ?? path.join(parts.workspace, 'code');
  await mkdir(root, { recursive: true });
  const git = gitContext(parts, settings);
  const entry = await bringChanges(parts, { info, kind, tree, root, git });
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
      confirmAccess: run.ctx.forOwner === true,
    },
    info: executionInfo(script, { env, home, ...(forcedScript ? { forcedScript } : {}) }),
  };
}

/**
 * Fetches the code of a task whose container is still being made; the checkout finds it then. Never fails: the
 * checkout says why it is unavailable.
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

async function checkOut(
  parts: CodeParts,
  { settings, info }: ReturnType<typeof readScript>,
): Promise<CheckedOut | undefined> {
  const { run, script, begun } = parts;
  if (!info.repository) return undefined;
  begun?.tell();
  const tree = (await begun?.tree) ?? (await checkoutRepository(checkoutRequest(parts, settings)));
  if (!script.version_num && tree.commit !== undefined && !tree.forced)
    noteMeanwhile(run, noteCommit(run, tree.commit));
  const { tend } = tree;
  if (tend) run.upkeep.push(({ signal }) => tend(signal));
  return tree;
}

/**
 * The checkout of a task alone; `undefined` for one without a repository.
 *
 * @throws AgentError as `prepareCode` does
 */
export async function startCheckout(parts: CodeParts): Promise<CheckedOut | undefined> {
  const { settings, info } = readScript(parts);
  return info.repository ? checkoutRepository(checkoutRequest(parts, settings)) : undefined;
}

function gitContext(
  { run, signal, reporter = run.log }: CodeParts,
  settings: RepositorySettings,
): GitContext {
  const { ctx } = run;
  return {
    settings,
    cacheFolder: repositoryCacheFolder(ctx.config, ctx.home),
    env: ctx.environment,
    home: ctx.home,
    reporter,
    signal,
  };
}

function pythonPath(
  config: Config,
  folders: { root: string; folder: string; entryFolder: string; hasRepository: boolean },
): string[] {
  const own =
    folders.hasRepository && config.agent.forceGitRootPythonPath
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
