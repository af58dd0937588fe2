import { AgentError } from '../errors.js';

/**
 * The task that a user means by an id or by its beginning.
 *
 * @param where what the tasks were looked for in, for the error
 * @throws AgentError TASK_NOT_FOUND; USAGE where several begin so
 */
export function meantTask<One extends { task: string }>(
  given: string,
  tasks: readonly One[],
  where: string,
): One {
  const exact = tasks.find(({ task }) => task === given);
  if (exact !== undefined) return exact;
  const found = given === '' ? [] : tasks.filter(({ task }) => task.startsWith(given));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (found.length > 1)
    throw new AgentError('USAGE', `"${given}" begins ${found.length} ids: ${list(found)}`, {
      hint: 'Give more letters of the id.',
    });
  throw new AgentError('TASK_NOT_FOUND', `no task "${given}" ${where}`, {
    hint: tasks.length === 0 ? 'No other task does, either.' : `These do: ${list(tasks)}.`,
  });
}

function list(tasks: readonly { task: string }[]): string {
  const shown = tasks.slice(0, MOST).map(({ task }) => task);
  return `${shown.join(', ')}${tasks.length > MOST ? ` and ${tasks.length - MOST} more` : ''}`;
}

const MOST = 5;
