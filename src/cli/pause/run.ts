import type { DaemonStatus } from '../../daemon/control.js';
import type { CommandContext } from '../command.js';
import { ask, chosenDaemons } from '../running-daemons.js';

/**
 * `agent pause`: no task is pulled until the daemon is resumed.
 *
 * @returns 1 where one could not be paused
 */
export async function runPause(context: CommandContext): Promise<number> {
  const { state, daemons } = await chosenDaemons(context, true);
  let refused = false;
  for (const daemon of daemons) {
    const { status, taken } = await ask(state, daemon, { command: 'pause', cause: 'agent pause' });
    context.stdout.write(`${taken ? pausedLine(status) : endsLine(status)}\n`);
    refused ||= !taken;
  }
  return refused ? 1 : 0;
}

function pausedLine({ worker, tasks }: DaemonStatus): string {
  const running = tasks.length === 1 ? '1 running task continues' : `${tasks.length} running tasks continue`;
  return `${worker} is paused; ${tasks.length === 0 ? 'no task runs' : running}`;
}

function endsLine({ worker, state, cause }: DaemonStatus): string {
  return `${worker} is ${state} already${cause === undefined ? '' : `, for ${cause}`}, so it pulls no tasks`;
}
