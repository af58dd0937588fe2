import path from 'node:path';
import type { TaskScript } from '../../api/task-record.js';
import { AgentError } from '../../errors.js';
import { expandVariables } from '../../os/expand.js';
import { expandHome } from '../../os/paths.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** What of a task's `script` decides about its code and its command. */
export interface ExecutionInfo {
  repository: string;
  branch: string;
  tag: string;
  versionNum: string;
  /** Script, module form or inline command, with its arguments. */
  entryPoint: string;
  workingDir: string;
}

/** What the fields are read with. */
export interface ExecutionSurroundings {
  env: Environment;
  home: string;
  /** `CLEARML_AGENT_FORCE_EXEC_SCRIPT`: `entry` or `folder:entry` in place of what the task says. */
  forcedScript?: string;
}

/**
 * Reads the fields of a task's script. `~`, variables and `..` are resolved in the folder and in the name of the
 * script; its arguments are left as they are. Variables in them are expanded when the command is made, with the task's
 * own environment.
 *
 * @throws AgentError TASK_INVALID
 */
export function executionInfo(
  script: TaskScript | null | undefined,
  surroundings: ExecutionSurroundings,
): ExecutionInfo {
  if (!script)
    throw new AgentError('TASK_INVALID', 'the task has no script section: there is nothing to run');
  const { env, home, forcedScript } = surroundings;
  const entryPoint = normalEntry(script.entry_point ?? '', { env, home });
  const workingDir = normalPath(expandVariables(script.working_dir ?? '', env), home);
  return {
    repository: script.repository ?? '',
    branch: script.branch ?? '',
    tag: script.tag ?? '',
    versionNum: script.version_num ?? '',
    ...(workingDir === '' ? splitFolder(entryPoint) : { entryPoint, workingDir }),
    ...(forcedScript ? forced(forcedScript) : {}),
  };
}

/** `train.py:src`: an old way of naming the folder. The colons of arguments mean nothing. */
function splitFolder(entryPoint: string): Pick<ExecutionInfo, 'entryPoint' | 'workingDir'> {
  const name = entryPoint.split(/\s+-/, 1)[0] ?? '';
  const colon = name.search(/:(?!\/\/)/);
  if (colon === -1 || /^-|^[a-z]:[\\/]/i.test(entryPoint)) return { entryPoint, workingDir: '' };
  return { entryPoint: entryPoint.slice(0, colon), workingDir: entryPoint.slice(colon + 1) };
}

function forced(text: string): Pick<ExecutionInfo, 'entryPoint'> & Partial<ExecutionInfo> {
  const colon = text.indexOf(':');
  if (colon === -1) return { entryPoint: text };
  return { workingDir: text.slice(0, colon), entryPoint: text.slice(colon + 1) };
}

/** Only the first word is a path; a name with blanks has nothing to normalise beyond it. */
function normalEntry(entryPoint: string, { env, home }: Pick<ExecutionSurroundings, 'env' | 'home'>): string {
  const text = entryPoint.trim();
  const match = /^("[^"]*"|'[^']*'|[^\s"']+)(.*)$/s.exec(text);
  if (match === null || text.startsWith('-')) return entryPoint;
  const [, first = '', rest = ''] = match;
  const name = expandVariables(first, env);
  return (/^["']/.test(first) ? name : normalPath(name, home)) + rest;
}

function normalPath(text: string, home: string): string {
  if (text === '') return '';
  const normal = path.posix.normalize(expandHome(text, home));
  return normal.length > 1 ? normal.replace(/\/$/, '') : normal;
}
