import { AgentError } from '../errors.js';
import { visibleLines } from '../logs/visible-text.js';
import type { Contradiction } from './contradictions.js';

/**
 * What a command is, as data: `program.ts` makes the parser, the help and the docs page from it. A command's
 * file holds its flags and loads its work only when it runs, so that `--help` stays quick.
 */
export interface Command {
  name: string;
  /** One line for the list of commands. */
  summary: string;
  /** Commander's form: `<id>` required, `[id]` optional, `[ids...]` many. */
  positionals?: readonly string[];
  /** Values of the first positional, where they can be listed. */
  positionalChoices?: readonly string[];
  flags: readonly Flag[];
  /** Flags that exclude each other. */
  contradictions?: readonly Contradiction[];
  /** Lines shown under "Examples:". */
  examples?: readonly string[];
  /** Resolves to the exit status. */
  run(context: CommandContext): Promise<number>;
}

export interface Flag {
  /** Commander's form: `-d, --detached`, `--queue <names...>`. */
  flags: string;
  help: string;
  /** Further spellings that scripts have, such as `-app`; the parser itself knows only letters after one dash. */
  aliases?: readonly string[];
  /** Heading in the help. */
  group?: string;
  default?: string | number | boolean;
  /** Variable that sets the same thing. */
  env?: string;
  choices?: readonly string[];
  /** Reads the text; throws AgentError USAGE. */
  parse?: (value: string) => unknown;
  /** Treat an empty text as not given; otherwise it is an error. */
  mayBeEmpty?: boolean;
  /** Takes every following word up to one of our own flags, words that begin with a dash too. */
  greedy?: boolean;
  /** Why the flag is not taken, and what to use instead. Such a flag is not shown in the help. */
  refused?: string;
  /** Accepted without effect, and why; using it is answered with a warning. Such a flag is not shown either. */
  ignored?: string;
}

export interface GlobalOptions {
  configFile?: string;
  debug: boolean;
}

export interface CommandContext {
  options: Readonly<Record<string, unknown>>;
  positionals: readonly string[];
  global: GlobalOptions;
  env: Readonly<Record<string, string | undefined>>;
  home: string;
  /** The words after the command's name, as typed; a detached process is started with the same. */
  words: readonly string[];
  /** Every command there is. */
  commands: readonly Command[];
  /** Runs another command line in this process, to its end. */
  runOther(words: readonly string[], env: CommandContext['env']): Promise<number>;
  /** The flags of another command line, which is only looked at. Throws AgentError USAGE when it does not parse. */
  readOther(words: readonly string[]): Promise<CommandContext['options']>;
  stdout: NodeJS.WritableStream & { isTTY?: boolean };
  stderr: NodeJS.WritableStream & { isTTY?: boolean };
  stdin: NodeJS.ReadableStream & { isTTY?: boolean };
}

/** Warns on standard error, for commands whose output is for programs. */
export function warnerOf({ stderr }: Pick<CommandContext, 'stderr'>): (line: string) => void {
  return (line) => void stderr.write(`warning: ${visibleLines(line)}\n`);
}

/** Whether a flag is one to be used, not one that only old scripts have. */
export function isOffered(flag: Flag): boolean {
  return flag.refused === undefined && flag.ignored === undefined;
}

/** Reads a whole number from `least` to `most`. */
export function wholeNumber(flag: string, least: number, most: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value.trim()) || number < least || number > most) {
      throw new AgentError('USAGE', `${flag} takes a whole number from ${least} to ${most}, got "${value}"`);
    }
    return number;
  };
}

/** Reads a number of seconds from 0.1 to a day, with or without a fraction. */
export function seconds(flag: string): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!/^(\d+\.?\d*|\.\d+)$/.test(value.trim()) || number < 0.1 || number > DAY_SECONDS) {
      throw new AgentError(
        'USAGE',
        `${flag} takes a number of seconds from 0.1 to ${DAY_SECONDS}, such as 0.5, got "${value}"`,
      );
    }
    return number;
  };
}

const DAY_SECONDS = 86_400;
