import type { AgentContext } from '../task/context.js';
import type { Journal, RunState } from './journal.js';

/**
 * Asks the driver for a command that was launched in the place of a run, where the journal ends before: an agent that
 * is killed between the launch and its note leaves it running.
 *
 * @returns what the journal says with it
 * @throws AgentError DOCKER_ENGINE when the engine does not answer
 */
export async function noteLaunched(
  { drivers }: Pick<AgentContext, 'drivers'>,
  journal: Journal,
): Promise<RunState | undefined> {
  const { state } = journal;
  if (state?.last !== 'preparing' || state.place === undefined) return state;
  const workload = await drivers.get(state.place.kind)?.find(state.place);
  if (workload !== undefined) await journal.write({ step: 'launched', workload });
  return journal.state;
}
