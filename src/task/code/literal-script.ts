import path from 'node:path';
import { quoteWord } from '../../os/shell-words.js';
import { outside } from './code-paths.js';
import { isWord } from './command.js';
import type { ExecutionInfo } from './entry-point.js';
import { baseName, entryArguments, moduleEntry, readEntry } from './entry-words.js';
import type { InterpreterKind } from './script-binary.js';

/** A script that is part of the task itself, and where it goes. */
export interface LiteralScript {
  /** Relative to the top folder of the code. */
  folder: string;
  file: string;
  text: string;
  /** The entry point to run it by: the task's own, or an absolute path where that would not find the file. */
  entryPoint: string;
  /** The working directory, without the file name that it may have carried. */
  workingDir: string;
}

const ENDINGS: Readonly<Record<InterpreterKind, RegExp>> = { python: /\.py$/i, shell: /\.(?:sh|bash)$/i };
const UNNAMED: Readonly<Record<InterpreterKind, string>> = { python: 'untitled.py', shell: 'untitled.sh' };

/**
 * Where the script of a task goes and by which entry point it is run. Without a repository there are no folders.
 *
 * @param root top folder of the code
 * @throws AgentError TASK_INVALID for an entry point that leads out of the code, unless its name is that of a script
 */
export function planLiteralScript(
  info: ExecutionInfo,
  { text, kind, root }: { text: string; kind: InterpreterKind; root: string },
): LiteralScript {
  const [dir = '', namedFile] = splitWorkingDir(info.workingDir);
  const folder = info.repository.trim() === '' ? '' : dir;
  const entry = info.entryPoint.trim();
  const written = (file: string, entryPoint = path.join(root, folder, file)): LiteralScript => ({
    folder,
    file,
    text,
    entryPoint,
    workingDir: dir,
  });
  if (entry === '') return written(UNNAMED[kind]);
  const module = kind === 'python' ? moduleEntry(entry) : entry;
  if (isWord(module, '-m') || isWord(module, '-c')) {
    const launched = launchedScript(module);
    if (launched === undefined) return written(namedFile ?? UNNAMED[kind], module);
    return written(launched.file, launched.entryPoint);
  }
  const { file: script, arguments: rest } = readEntry(entry, () => false);
  // The SDK stores the code of a notebook as Python.
  const code =
    kind === 'python' && !text.trimStart().startsWith('{') ? script.replace(/\.ipynb$/i, '.py') : script;
  if (!ENDINGS[kind].test(code)) {
    if (!/\.ipynb$/i.test(code) && leadsOut(code))
      throw outside(`the entry point ${code}`, root, 'entry point');
    return written(baseName(entry));
  }
  const file = baseName(code);
  return written(file, [file, ...rest].map(quoteWord).join(' '));
}

function leadsOut(file: string): boolean {
  return path.posix.normalize(file).startsWith('../');
}

/**
 * The script that a launcher such as `torch.distributed.run` is given: the SDK notes its whole command line, and the
 * text of the script. It lies in the working directory, or below it when it is named so.
 */
function launchedScript(entry: string): { file: string; entryPoint: string } | undefined {
  const words = entryArguments(entry);
  const at = words.findIndex((word, index) => index > 1 && ENDINGS.python.test(word));
  const named = words[at];
  if (named === undefined || words[0] !== '-m') return undefined;
  const below = path.posix.normalize(named);
  const file = /^(?:\/|\.\.\/|[a-z]:\/)/i.test(below) ? baseName(below) : below;
  return { file, entryPoint: file === named ? entry : words.with(at, file).map(quoteWord).join(' ') };
}

/** `folder:file` names the file. */
function splitWorkingDir(workingDir: string): [folder: string, file: string | undefined] {
  const colon = workingDir.indexOf(':');
  if (colon === -1) return [workingDir, undefined];
  return [workingDir.slice(0, colon), path.posix.basename(workingDir.slice(colon + 1)) || undefined];
}
