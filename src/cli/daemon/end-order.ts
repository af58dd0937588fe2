import type { EndRequest } from '../../daemon/ending-state.js';
import { AgentError } from '../../errors.js';
import type { CommandContext } from '../command.js';

/** What `agent daemon --stop` with its flags asks a daemon for. */
export interface EndOrder {
  request: EndRequest;
  /** Wait until the daemon is gone. */
  wait: boolean;
}

const FLAGS = ['drain', 'leave', 'timeout', 'requeue'] as const;

/** @throws AgentError USAGE for flags that mean nothing without another, or contradict each other */
export function endOrder({ options }: Pick<CommandContext, 'options'>): EndOrder {
  const { drain = false, leave = false, requeue = false, timeout, wait } = options;
  if (drain && requeue && timeout === undefined)
    refuse('--drain lets tasks finish, so --requeue needs the --timeout after which they are stopped');
  const given = FLAGS.filter((flag) => flag !== 'timeout' && options[flag] === true).map(
    (flag) => ` --${flag}`,
  );
  const explicit = requeue === true || timeout !== undefined;
  return {
    request: {
      to: drain ? 'drain' : leave ? 'leave' : 'stop',
      cause: `agent daemon --stop${given.join('')}`,
      ...(typeof timeout === 'number' ? { timeoutMs: timeout } : {}),
      ...(requeue ? { requeue: true } : {}),
      ...(explicit ? { endsServices: true } : {}),
    },
    wait: wait !== false,
  };
}

/** @throws AgentError USAGE for a flag of `--stop` without it */
export function refuseEndFlags({ options }: Pick<CommandContext, 'options'>): void {
  const flag = FLAGS.find((one) => options[one] !== undefined && options[one] !== false);
  if (flag !== undefined) refuse(`--${flag} says how a daemon is stopped, so it needs --stop`);
}

function refuse(text: string): never {
  throw new AgentError('USAGE', text);
}
