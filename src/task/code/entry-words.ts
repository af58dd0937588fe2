import { AgentError } from '../../errors.js';
import { isBalanced, splitWords } from '../../os/shell-words.js';

/** An entry point, taken apart. */
export interface EntryWords {
  /** The script as it is found, or as the task names it when it is not. */
  file: string;
  arguments: string[];
}

/** How a script's name ends where nothing else tells name and arguments apart. */
const NAMED = /^(.+?\.(?:py|ipynb|sh|bash|zsh))(?=\s|$)/is;

/**
 * Divides an entry point into a script and its arguments. A script may have blanks in its name and stand without
 * quotes, and its folders may be separated by backslashes: the longest beginning of the text that is a file is it.
 *
 * @param exists whether a file is there, by its path relative to the working directory
 * @throws AgentError TASK_INVALID for a quote that is never closed
 */
export function readEntry(entry: string, exists: (file: string) => boolean): EntryWords {
  const text = entry.trim();
  if (!/^["']/.test(text)) {
    const ends = [...text.matchAll(/\s+|$/g)].map(({ index }) => index).reverse();
    for (const end of ends) {
      const name = text.slice(0, end);
      const found = spellings(name).find((spelling) => spelling !== '' && exists(spelling));
      if (found !== undefined) return { file: found, arguments: entryArguments(text.slice(end)) };
    }
    const named = NAMED.exec(text)?.[1];
    if (named !== undefined) return { file: named, arguments: entryArguments(text.slice(named.length)) };
  }
  const [file = '', ...rest] = entryArguments(text);
  return { file: spellings(file).find((spelling) => exists(spelling)) ?? file, arguments: rest };
}

/** Longer entry points are cut in messages. */
const SHOWN = 120;

/**
 * The words of an entry point, or of a part of it.
 *
 * @throws AgentError TASK_INVALID for a quote that is never closed: its words are ambiguous
 */
export function entryArguments(text: string): string[] {
  if (isBalanced(text)) return splitWords(text);
  const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  throw new AgentError(
    'TASK_INVALID',
    `script.entry_point of the task: a quote or a backslash is left open in: ${shown.trim()}`,
    {
      hint: "Close the quote, or write a quote that belongs to a value with a backslash before it (it\\'s).",
    },
  );
}

/** The name of a script without its folders, whatever separates them. */
export function baseName(file: string): string {
  return file.split(/[/\\]/).at(-1) ?? file;
}

function spellings(name: string): string[] {
  return [name, name.replace(/\\(?=\s)/g, ''), name.replaceAll('\\', '/')];
}

/** Programs that start a script, and the modules that they are. */
const LAUNCHERS: readonly [program: RegExp, module: string][] = [
  [/^torchrun(?=\s)/, '-m torch.distributed.run'],
  [/^accelerate\s+launch(?=\s)/, '-m accelerate.commands.launch'],
  [/^deepspeed(?=\s)/, '-m deepspeed.launcher.runner'],
];

/**
 * An entry point for Python with the launcher as a module, `-m torch.distributed.run … train.py` for `torchrun …
 * train.py`: Python runs no program of that name. Scripts after `-m` are named with slashes.
 */
export function moduleEntry(entry: string): string {
  const launcher = LAUNCHERS.find(([program]) => program.test(entry));
  const module = launcher === undefined ? entry : entry.replace(launcher[0], launcher[1]);
  if (!module.startsWith('-m')) return module;
  return module.replace(/\S+\.py(?=\s|$)/gi, (script) => script.replaceAll('\\', '/'));
}
