import { Option } from 'commander';
import { AgentError } from '../errors.js';
import type { Command, CommandContext } from './command.js';

/** Two flags of a command of which only one can be meant. */
export interface Contradiction {
  flags: readonly [string, string];
  /** What to do about it. */
  hint: string;
  /** Values with which they agree. */
  unless?: (options: CommandContext['options']) => boolean;
}

/** Values of other flags may be secret. */
const SHOWN = new Set(['--gpus']);

/**
 * Refuses flags that exclude each other, before anything is read or asked.
 *
 * @param isTyped whether an option, by its name in `options`, is on the command line
 * @throws AgentError USAGE
 */
export function refuseContradictions(
  command: Command,
  options: CommandContext['options'],
  isTyped: (name: string) => boolean,
): void {
  const typed = new Map(
    command.flags.flatMap(({ flags }) => {
      const option = new Option(flags);
      return option.long !== undefined && isTyped(option.attributeName())
        ? [[option.long, option.attributeName()] as const]
        : [];
    }),
  );
  for (const { flags, hint, unless } of command.contradictions ?? []) {
    if (!flags.every((flag) => typed.has(flag)) || unless?.(options) === true) continue;
    const [first, second] = flags.map((flag) => {
      const value = options[typed.get(flag) ?? ''];
      return SHOWN.has(flag) && typeof value === 'string' ? `${flag} ${value}` : flag;
    });
    throw new AgentError('USAGE', `${first} and ${second} are both given`, { hint });
  }
}

/** Flags of every command that runs tasks. */
export const MACHINE_CONTRADICTIONS: readonly Contradiction[] = [
  {
    flags: ['--cpu-only', '--gpus'],
    hint: 'Give the one that is meant; --gpus none is the same as --cpu-only.',
    unless: ({ gpus }) => gpus === 'none',
  },
];
