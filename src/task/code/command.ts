import path from 'node:path';
import { AgentError } from '../../errors.js';
import { expandVariables } from '../../os/expand.js';
import { isBalanced, splitWords } from '../../os/shell-words.js';
import { entryArguments, moduleEntry, readEntry } from './entry-words.js';
import type { InterpreterKind } from './script-binary.js';

export interface CommandRequest {
  kind: InterpreterKind;
  entryPoint: string;
  /** Whether a file is there, by its path relative to the working directory. */
  exists: (file: string) => boolean;
}

/** What follows the interpreter and its flags on the task's command line. */
export interface CommandPlan {
  /** Variables in them are not expanded yet. */
  arguments: string[];
  /** A notebook that `nbconvert` has to make the script of first, and the arguments that do so. */
  conversion?: { notebook: string; script: string; arguments: string[] };
  /** The script that is run, relative to the working directory; `undefined` for modules and inline commands. */
  script?: string;
  /** The last argument is code for the shell, which expands variables itself. */
  inline?: true;
}

const NOTEBOOK = /\.ipynb$/i;

/** Plans the command of a task from its entry point. */
export function planCommand(request: CommandRequest): CommandPlan {
  return request.kind === 'shell' ? planShell(request) : planPython(request);
}

/**
 * The arguments with `$NAME` and `${NAME}` replaced, each staying one argument whatever the value; names that are not
 * set stay as they are.
 *
 * @param env the environment of the task's command
 */
export function commandArguments(
  plan: CommandPlan,
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  if (plan.inline) return plan.arguments;
  const first = plan.script === undefined ? 0 : 1;
  return plan.arguments.map((word, at) => (at < first ? word : expandVariables(word, env)));
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
      hint: /^[a-z]:[\\/]/i.test(file)
        ? 'It is a path of another machine; name the script relative to the repository.'
        : 'Commit the file, or correct the entry point or the working directory of the task.',
    },
  );
}

function planPython({ entryPoint, exists }: CommandRequest): CommandPlan {
  const entry = moduleEntry(entryPoint.trim());
  if (isWord(entry, '-m')) return { arguments: entryArguments(entry) };
  const { file: script, arguments: rest } = readEntry(entry, exists);
  if (!NOTEBOOK.test(script)) return scriptPlan(script, rest);
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

function planShell({ entryPoint, exists }: CommandRequest): CommandPlan {
  const entry = entryPoint.trim();
  if (isWord(entry, '-c'))
    return { arguments: ['-c', inlineCode(entry.slice('-c'.length).trim())], inline: true };
  const { file, arguments: rest } = readEntry(entry, exists);
  return scriptPlan(file, rest);
}

/** Quotes around the whole text are taken off, as on a command line; anything else is the shell's own business. */
function inlineCode(text: string): string {
  const [word, ...more] = /^["']/.test(text) && isBalanced(text) ? splitWords(text) : [];
  return word === undefined || more.length > 0 ? text : word;
}

function scriptPlan(script: string, rest: readonly string[]): CommandPlan {
  if (script.startsWith('-')) return { arguments: [script, ...rest] };
  return { arguments: script === '' ? [] : [script, ...rest], script };
}

export function isWord(entry: string, word: string): boolean {
  return entry === word || (entry.startsWith(word) && /\s/.test(entry.charAt(word.length)));
}
