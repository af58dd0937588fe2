import { askDaemon } from '../../daemon/control.js';
import { AgentError } from '../../errors.js';
import { workerFolder } from '../../os/paths.js';
import type { CommandContext } from '../command.js';
import { notAsked } from './end-daemon.js';
import { namedDaemons } from './named-daemons.js';

/**
 * `agent daemon --resume [ids…]`: takes back the drain of the named daemons, or of the one that the same flags would have
 * started.
 *
 * @returns 0 when every one takes tasks, 1 otherwise
 * @throws AgentError COMMAND_FAILED for one that cannot be asked
 */
export async function resumeDaemons(context: CommandContext): Promise<number> {
  const { say, state, found } = await namedDaemons(context, 'resume');
  let refused = false;
  for (const daemon of found) {
    if (daemon === undefined) continue;
    const { workerId, pid } = daemon;
    const request = { command: 'resume', cause: 'agent daemon --resume' } as const;
    const answer = await askDaemon(workerFolder(state, workerId), request);
    if (answer === undefined) throw notAsked(daemon);
    if ('error' in answer) throw new AgentError('COMMAND_FAILED', `${workerId}: ${answer.error}`);
    const { status, taken } = answer;
    if (taken) say(`clearml-agent worker_id=${workerId} pid=${pid} takes tasks`);
    else
      say(
        `${workerId} is ${status.state} already${status.cause === undefined ? '' : `, for ${status.cause}`}; only a drain whose daemon still waits for tasks can be resumed. Start a new daemon once it is gone.`,
      );
    refused ||= !taken;
  }
  return refused || found.includes(undefined) ? 1 : 0;
}
