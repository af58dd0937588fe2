import path from 'node:path';
import { splitWords } from '../../config/shell-words.js';
import { AgentError } from '../../errors.js';
import { expandVariables } from './entry-point.js';
import type { InterpreterKind } from './script-binary.js';

export interface CommandRequest {
  kind: InterpreterKind;
  entryPoint: string;
  /** Environment of the task, for variables in the module form. */
  env: Readonly<Record<string, string | undefined>>;
  /** Whether a file is there, by its path relative to the working directory. */
  exists: (file: string) => boolean;
}

/** What follows the interpreter and its flags on the task's command line. */
export interface CommandPlan {
  arguments: string[];
  /** A notebook that `nbconvert` has to make the script of first, and the arguments that do so. */
  conversion?: { notebook: string; script: string; arguments: string[] };
  /** The script that is run, relative to the working directory; `undefined` for modules and inline commands. */
  script?: string;
}

const NOTEBOOK = /\.ipynb$/i;

/** Plans the command of a task from its entry point. */
export function planCommand(request: CommandRequest): CommandPlan {
  return request.kind === 'shell' ? planShell(request) : planPython(request);
}

/**
 * A script inside the working directory has to be there; one with an absolute path may be part of a container.
 *
 * @throws AgentError ENTRY_POINT_MISSING
 */
export function checkEntryPoint(plan: CommandPlan, exists: CommandRequest['exists'], folder: string): void {
  const file = plan.conversion?.notebook ?? plan.script;
  if (file === '')
    throw new AgentError('ENTRY_POINT_MISSING', 'the task has no entry point: there is nothing to run');
  if (file === undefined || path.isAbsolute(file) || exists(file)) return;
  throw new AgentError(
    'ENTRY_POINT_MISSING',
    `the entry point ${file} of the task does not exist in ${folder}`,
    {
      hint: 'Commit the file, or correct the entry point or the working directory of the task.',
    },
  );
}

function planPython({ entryPoint, env, exists }: CommandRequest): CommandPlan {
  const entry = entryPoint.trim();
  if (isWord(entry, '-m')) return { arguments: splitWords(entry).map((word) => expandVariables(word, env)) };
  const words = wordsOf(entry, exists);
  const [script = '', ...rest] = words;
  if (!NOTEBOOK.test(script)) return scriptPlan(words);
  const converted = script.replace(NOTEBOOK, '.py');
  return {
    arguments: [converted, ...rest],
    conversion: {
      notebook: script,
      script: converted,
      arguments: ['-m', 'nbconvert', '--to', 'python', script],
    },
    script: converted,
  };
}

/** The text after `-c` is the shell's own business. */
function planShell({ entryPoint, exists }: CommandRequest): CommandPlan {
  const entry = entryPoint.trim();
  if (isWord(entry, '-c')) return { arguments: ['-c', entry.slice('-c'.length).trim()] };
  return scriptPlan(wordsOf(entry, exists));
}

function scriptPlan(words: string[]): CommandPlan {
  const [script = ''] = words;
  return script.startsWith('-') ? { arguments: words } : { arguments: words, script };
}

/** A file may have blanks in its name; otherwise they separate arguments. */
function wordsOf(entry: string, exists: CommandRequest['exists']): string[] {
  return entry !== '' && exists(entry) ? [entry] : splitWords(entry);
}

function isWord(entry: string, word: string): boolean {
  return entry === word || (entry.startsWith(word) && /\s/.test(entry.charAt(word.length)));
}
