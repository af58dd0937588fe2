import path from 'node:path';
import type { TaskScript } from '../../../src/api/task-record.js';
import { readChanges } from '../../../src/task/code/change-text.js';
import { commandArguments, planCommand } from '../../../src/task/code/command.js';
import { type ExecutionInfo, executionInfo } from '../../../src/task/code/entry-point.js';
import { planLiteralScript } from '../../../src/task/code/literal-script.js';
import {
  type InterpreterKind,
  interpreterKind,
  pythonVersion,
  shellCandidates,
} from '../../../src/task/code/script-binary.js';
import { addTaskInit, moveFutureImports, TASK_INIT_LINES } from '../../../src/task/code/task-init.js';

interface Input {
  op: 'command' | 'execution_info' | 'binary' | 'python_version' | 'is_literal' | 'fix_future' | 'add_init';
  script: TaskScript;
  files?: Record<string, string>;
  env?: Record<string, string>;
  optimization?: number;
  binary?: string | null;
  text?: string;
  file_name?: string;
}

const HOME = '/home/user';
const VENVS = '{VENVS_DIR}';

const operations: Record<Input['op'], (input: Input) => unknown> = {
  command,
  execution_info: (input) => {
    const { repository, entryPoint, workingDir, branch, versionNum, tag } = infoOf(input);
    return {
      repository,
      entry_point: entryPoint,
      working_dir: workingDir,
      branch,
      version_num: versionNum,
      tag,
    };
  },
  binary: ({ binary }) => {
    const { kind, known } = interpreterKind(binary);
    return { python: kind === 'python' || !known, shell: kind === 'shell' };
  },
  python_version: ({ binary }) => pythonVersion(binary) ?? null,
  is_literal: ({ script }) => isLiteral(script.diff ?? ''),
  fix_future: ({ text = '' }) => moveFutureImports(text),
  add_init: ({ text = '', file_name = 'script.py' }) =>
    addTaskInit(text, file_name).replace(TASK_INIT_LINES, '{INIT_LINES}'),
};

export function scriptEntry(input: Input): unknown {
  return operations[input.op](input);
}

function infoOf({ script, env = {} }: Input): ExecutionInfo {
  const forcedScript = env.CLEARML_AGENT_FORCE_EXEC_SCRIPT;
  return executionInfo(script, { env, home: HOME, ...(forcedScript === undefined ? {} : { forcedScript }) });
}

/** `files` are those of the working tree; the folders are named relative to where the original keeps them. */
function command(input: Input): unknown {
  const { env = {}, files = {}, optimization = 0 } = input;
  const info = infoOf(input);
  const { kind } = interpreterKind(input.script.binary);
  const root = info.repository === '' ? 'code' : 'task_repository/repo';
  const literal = literalOf(input, { info, kind, root: `${VENVS}/${root}` });
  const workingDir = literal?.workingDir ?? info.workingDir;
  const folder = path.posix.join(info.repository === '' ? '' : workingDir);
  const written = literal && path.posix.join(literal.folder, literal.file);
  const exists = (file: string): boolean => {
    const relative = path.posix.join(folder, file);
    return relative in files || relative === written;
  };
  const plan = planCommand({ kind, entryPoint: literal?.entryPoint ?? info.entryPoint, exists });
  const cwd = path.posix.join(root, folder).replace(/\/$/, '');
  const flags = kind === 'shell' ? [] : ['-u', ...(optimization > 0 ? [`-${'O'.repeat(optimization)}`] : [])];
  return {
    kind,
    ...(kind === 'shell' ? { shell: shellCandidates(input.script.binary ?? '', env)[0] } : {}),
    args: [...flags, ...commandArguments(plan, env)],
    cwd,
    ...(plan.conversion ? { first: [{ args: [...flags, ...plan.conversion.arguments], cwd }] } : {}),
    shown_working_dir: workingDir === '' && info.repository !== '' ? '.' : workingDir,
    ...(literal && written ? { written_files: { [path.posix.join(root, written)]: literal.text } } : {}),
  };
}

function literalOf(
  { script }: Input,
  { info, kind, root }: { info: ExecutionInfo; kind: InterpreterKind; root: string },
): ReturnType<typeof planLiteralScript> | undefined {
  const text = script.diff ?? '';
  return isLiteral(text) ? planLiteralScript(info, { text, kind, root }) : undefined;
}

/** Words count as a script unless the checkout has something else to run. */
function isLiteral(text: string): boolean {
  return ['script', 'words'].includes(readChanges(text, 'python').kind);
}
