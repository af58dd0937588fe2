import { type Command, type Flag, isOffered } from '../command.js';

/** What a shell needs to know to complete a command line; made from the tables that also make the parser. */
export interface CompletionModel {
  programs: readonly string[];
  globals: readonly CompletionFlag[];
  commands: readonly CompletionCommand[];
}

interface CompletionCommand {
  name: string;
  summary: string;
  flags: readonly CompletionFlag[];
  /** Values of its positional, where they can be listed. */
  values: readonly string[];
}

export interface CompletionFlag {
  short: string | undefined;
  long: string | undefined;
  help: string;
  value: 'none' | 'file' | 'choice' | 'text';
  choices: readonly string[];
}

const GLOBALS: readonly Flag[] = [
  { flags: '--config-file <path>', help: 'use this configuration file instead of ~/clearml.conf' },
  { flags: '-d, --debug', help: 'log every call to the server, show where errors come from' },
  { flags: '--version', help: 'print the version' },
];
const HELP: Flag = { flags: '-h, --help', help: 'print help' };

export function completionModel(commands: readonly Command[]): CompletionModel {
  return {
    programs: ['agent', 'clearml-agent'],
    globals: [...GLOBALS, HELP].map(readFlag),
    commands: commands.map((command) => ({
      name: command.name,
      summary: command.summary,
      flags: [...command.flags.filter(isOffered), HELP].map(readFlag),
      values: command.positionalChoices ?? [],
    })),
  };
}

function readFlag({ flags, help, choices = [] }: Flag): CompletionFlag {
  const names = flags.split(/[ ,]+/).filter((word) => word.startsWith('-'));
  return {
    short: names.find((name) => /^-[^-]$/.test(name)),
    long: names.find((name) => name.startsWith('--')),
    help,
    value: valueKind(flags, choices),
    choices,
  };
}

function valueKind(flags: string, choices: readonly string[]): CompletionFlag['value'] {
  const placeholder = /[<[]([^>\]]+)[>\]]/.exec(flags)?.[1];
  if (placeholder === undefined) return 'none';
  if (choices.length > 0) return 'choice';
  return /^(path|file|folder|dir)/.test(placeholder) ? 'file' : 'text';
}
