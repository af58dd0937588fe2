import { AgentError, causeLine } from '../errors.js';
import { PULLED } from '../task/status-texts.js';
import type { Connection } from './connect.js';
import type { ExecuteOptions } from './execute.js';
import { nodeRank } from './node-rank.js';

/**
 * No agent may pull a task that a user runs by hand. Only the first node takes it off its queue.
 *
 * @throws AgentError TASK_INVALID for a task in no queue where `--require-queue` asks for one
 */
export async function leaveQueue(
  { tasks }: Pick<Connection, 'tasks'>,
  options: Pick<ExecuteOptions, 'config' | 'logger' | 'requireQueue'>,
  { id, queued }: { id: string; queued: boolean },
): Promise<void> {
  const takes = queued && nodeRank(options.config) === 0;
  const taken = takes
    ? await tasks
        .dequeue({ task: id, new_status: 'created', status_message: PULLED }, { retry: 'bounded' })
        .then(({ updated = 0 }) => updated > 0)
        .catch((error: unknown) => {
          if (options.requireQueue) throw error;
          options.logger.debug(`task ${id} was not taken off a queue: ${causeLine(error)}`);
          return false;
        })
    : queued;
  if (!taken && options.requireQueue) {
    throw new AgentError('TASK_INVALID', `task ${id} is not queued, and --require-queue asks for that`);
  }
}
