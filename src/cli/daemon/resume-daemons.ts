import type { RegisteredDaemon } from '../../runs/registry.js';
import type { CommandContext } from '../command.js';
import { ask } from '../running-daemons.js';
import { namedDaemons } from './named-daemons.js';

/**
 * `agent daemon --resume [ids…]`: takes back the pause or the drain of the named daemons, or of the one that the same flags
 * would have started.
 *
 * @returns 0 when every one takes tasks, 1 otherwise
 * @throws AgentError COMMAND_FAILED for one that cannot be asked
 */
export async function resumeDaemons(context: CommandContext): Promise<number> {
  const { say, state, found } = await namedDaemons(context, 'resume');
  let refused = false;
  for (const daemon of found) {
    if (daemon === undefined) continue;
    const taken = await resumeDaemon({ state, daemon, cause: 'agent daemon --resume', say });
    refused ||= !taken;
  }
  return refused || found.includes(undefined) ? 1 : 0;
}

/** @returns whether it takes tasks */
export async function resumeDaemon({
  state,
  daemon,
  cause,
  say,
}: {
  state: string;
  daemon: RegisteredDaemon;
  cause: string;
  say(line: string): void;
}): Promise<boolean> {
  const { workerId, pid } = daemon;
  const { status, taken } = await ask(state, daemon, { command: 'resume', cause });
  if (taken) say(`clearml-agent worker_id=${workerId} pid=${pid} pulls tasks`);
  else
    say(
      `${workerId} is ${status.state} already${status.cause === undefined ? '' : `, for ${status.cause}`}; only a drain whose daemon still waits for tasks can be resumed. Start a new daemon once it is gone.`,
    );
  return taken;
}
