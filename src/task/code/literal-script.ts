import path from 'node:path';
import { splitWords } from '../../config/shell-words.js';
import type { ExecutionInfo } from './entry-point.js';
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
 * Whether the text in the place of a diff is a whole script. A diff starts with `diff`, or with the line about a
 * submodule that git puts before the diff inside it; lines about commits may stand between the two.
 */
export function isLiteralScript(diff: string | null | undefined): boolean {
  const [first = '', ...rest] = diff?.trim().toLowerCase().split(/\r?\n/) ?? [];
  if (first === '' || first.startsWith('diff ')) return false;
  if (!first.startsWith('submodule ') || rest.length === 0) return true;
  const next = rest.find((line) => line.trim() !== '' && !/^ {2}[<>] /.test(line));
  return next !== undefined && !/^(?:diff|submodule) /.test(next);
}

/**
 * Where the script of a task goes and by which entry point it is run. Without a repository there are no folders.
 *
 * @param root top folder of the code
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
  if (/^-[mc](?:\s|$)/.test(entry)) return written(namedFile ?? UNNAMED[kind], info.entryPoint);
  const [script = entry] = splitWords(entry);
  if (ENDINGS[kind].test(script)) return written(path.posix.basename(script), withBaseName(entry, script));
  return written(path.posix.basename(entry));
}

/** `folder:file` names the file. */
function splitWorkingDir(workingDir: string): [folder: string, file: string | undefined] {
  const colon = workingDir.indexOf(':');
  if (colon === -1) return [workingDir, undefined];
  return [workingDir.slice(0, colon), path.posix.basename(workingDir.slice(colon + 1)) || undefined];
}

/** The script lies in the working directory, wherever it was on the machine that it comes from. */
function withBaseName(entry: string, script: string): string {
  return entry.startsWith(script) ? path.posix.basename(script) + entry.slice(script.length) : entry;
}
