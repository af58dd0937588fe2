import { Command as Commander, CommanderError, Option, type OutputConfiguration } from 'commander';
import { AgentError } from '../errors.js';
import { checkValue, prepareWords, splitAtCommand, UNSET_VARIABLE } from './argv.js';
import { type Command, type CommandContext, type Flag, type GlobalOptions, isOffered } from './command.js';
import { COMMANDS } from './commands.js';
import { refuseContradictions } from './contradictions.js';
import { VERSION } from './version.js';

export type ProgramContext = Pick<CommandContext, 'env' | 'home' | 'stdout' | 'stderr' | 'stdin'>;

const HEADER = 'CLEARML-AGENT AI Orchestration DevOps';

/**
 * Parses the words of the command line and runs the command that they name.
 *
 * @returns the exit status
 * @throws AgentError whatever the command throws; USAGE for words that do not parse
 */
export async function runProgram(words: readonly string[], context: ProgramContext): Promise<number> {
  const result = { status: 0 };
  const program = buildProgram(outputOf(context), async (command, options, positionals) => {
    const global: GlobalOptions = { debug: false, ...program.opts<Partial<GlobalOptions>>() };
    result.status = await command.run({
      ...context,
      options,
      positionals,
      global,
      words: splitAtCommand(words, COMMANDS).after,
      commands: COMMANDS,
      runOther: (other, env) => runProgram(other, { ...context, env }),
      readOther: (other) => readWords(other, context),
    });
  });
  if (words.length === 0) {
    program.outputHelp();
    return 0;
  }
  await parse(program, words);
  return result.status;
}

/** The flags of a command line that is not run now. */
async function readWords(
  words: readonly string[],
  context: ProgramContext,
): Promise<CommandContext['options']> {
  let found: CommandContext['options'] = {};
  const program = buildProgram(outputOf(context), async (_command, options) => {
    found = options;
  });
  await parse(program, words);
  return found;
}

async function parse(program: Commander, words: readonly string[]): Promise<void> {
  try {
    await program.parseAsync(prepareWords(words, COMMANDS), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0 || error.code === 'commander.help') return;
    throw usageError(error, splitAtCommand(words, COMMANDS).command);
  }
}

/** Commander's complaint in the form of all others: one line with the command, then what to do. */
function usageError(error: CommanderError, command: Command | undefined): AgentError {
  if (/unknown command 'install-bootstrap'/.test(error.message)) {
    return new AgentError('USAGE', 'install-bootstrap is not needed here', {
      hint: 'Containers hold no agent, so there is nothing to install for them.',
    });
  }
  const [first = '', ...rest] = error.message.split('\n');
  const help = `See "agent ${command === undefined ? '' : `${command.name} `}--help".`;
  const near = /\(Did you mean (.+?)\?\)/.exec(rest.join(' '))?.[1];
  return new AgentError(
    'USAGE',
    `${command === undefined ? '' : `${command.name}: `}${first.replace(/^error: /, '')}`,
    { hint: near === undefined ? help : `Did you mean ${near}? ${help}` },
  );
}

type Action = (command: Command, options: Record<string, unknown>, positionals: string[]) => Promise<void>;

/** `main` reports errors, in one form. */
function outputOf({ stdout, stderr }: ProgramContext): OutputConfiguration {
  return {
    writeOut: (text) => void stdout.write(text),
    writeErr: (text) => void stderr.write(text),
    outputError: () => undefined,
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  };
}

/** Commands take over the output when they are added, so it is set before. */
function buildProgram(output: OutputConfiguration, action: Action): Commander {
  const program = new Commander('agent')
    // Without a command the help is what was asked for, and no error.
    .configureOutput({ ...output, writeErr: output.writeOut ?? (() => undefined) })
    .description('Pulls tasks from ClearML queues, recreates their code and environment, and runs them.')
    .addHelpText('beforeAll', `${HEADER}\n`)
    .version(`CLEARML-AGENT version ${VERSION}`, '--version', 'print the version')
    .addOption(
      new Option('--config-file <path>', 'use this configuration file instead of ~/clearml.conf').argParser(
        (value: string) => checkValue(value, '--config-file'),
      ),
    )
    .option('-d, --debug', 'log every call to the server, show where errors come from')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .enablePositionalOptions()
    .exitOverride();
  for (const command of COMMANDS) addCommand(program, command, { action, output });
  return program;
}

interface Handling {
  action: Action;
  output: OutputConfiguration;
}

function addCommand(program: Commander, command: Command, { action, output }: Handling): void {
  const sub = program
    .command(command.name)
    .configureOutput(output)
    .summary(command.summary)
    .description(command.summary)
    .helpOption('-h, --help', 'print help')
    .exitOverride();
  for (const positional of command.positionals ?? []) sub.argument(positional);
  for (const flag of command.flags) sub.addOption(toOption(flag));
  if (command.examples)
    sub.addHelpText('after', `\nExamples:\n${command.examples.map((line) => `  ${line}`).join('\n')}`);
  sub.action(async (...received: unknown[]) => {
    const positionals = received
      .slice(0, -2)
      .flat()
      .filter((word): word is string => typeof word === 'string');
    checkPositionals(command, positionals);
    answerOldFlags(command, sub.opts(), (line) => output.writeErr?.(`warning: ${line}\n`));
    refuseContradictions(command, sub.opts(), (name) => sub.getOptionValueSource(name) === 'cli');
    await action(command, sub.opts(), positionals);
  });
}

/** A list of words is checked by the command that reads it. */
function checkPositionals({ name, positionals = [] }: Command, words: readonly string[]): void {
  for (const [at, positional] of positionals.entries()) {
    const word = words[at];
    if (word !== undefined && !positional.includes('...'))
      checkValue(word, `${name}: ${positional}`, { hint: UNSET_VARIABLE });
  }
}

/**
 * Answers flags that are known and have no effect.
 *
 * @throws AgentError USAGE for one that is not taken
 */
function answerOldFlags(
  command: Command,
  options: Readonly<Record<string, unknown>>,
  warn: (line: string) => void,
): void {
  for (const flag of command.flags) {
    if (isOffered(flag) || options[new Option(flag.flags).attributeName()] === undefined) continue;
    const name = `${command.name} ${flag.flags.split(' ')[0]}`;
    if (flag.refused === undefined) warn(`${name} has no effect: ${flag.ignored}`);
    else throw new AgentError('USAGE', `${name} is not available here`, { hint: flag.refused });
  }
}

function toOption(flag: Flag): Option {
  const option = new Option(flag.flags, flag.env ? `${flag.help} (variable ${flag.env})` : flag.help);
  if (flag.default !== undefined) option.default(flag.default);
  if (flag.choices) option.choices(flag.choices);
  if (flag.group) option.helpGroup(`${flag.group}:`);
  if (!isOffered(flag)) option.hideHelp();
  if (flag.parse) option.argParser(flag.parse);
  if (flag.greedy) option.argParser(parseWords);
  // A repeated flag replaces what came before, as in the original; commander would add to it.
  if (option.variadic && !flag.parse && !flag.greedy) option.argParser(lastOccurrence());
  return option;
}

/** Values of one occurrence come one by one; a new occurrence starts with `prepareWords`' mark. */
function lastOccurrence(): (value: string, previous: unknown) => string[] {
  return (value, previous) => (Array.isArray(previous) ? [...previous, value] : [value]);
}

/** `prepareWords` packs the words of a greedy flag into one JSON text. */
function parseWords(text: string): string[] {
  const words: unknown = JSON.parse(text);
  if (!Array.isArray(words)) throw new AgentError('INTERNAL', 'packed words of a flag are not a list');
  return words.map(String);
}
