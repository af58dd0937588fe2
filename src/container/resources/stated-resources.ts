import { splitWords } from '../../os/shell-words.js';
import { parseArguments } from '../arguments/parse-arguments.js';
import { splitElements } from '../arguments/split-elements.js';
import {
  type Resources,
  readStatements,
  type Statement,
  type StatingTask,
  statementsOf,
} from './resource-words.js';

/** What a task states of its needs, by its user properties and its container's arguments. */
export function taskStatements(task: StatingTask): Statement[] {
  const words: unknown = task.container?.arguments ?? '';
  // Wrong arguments are the business of the driver that uses them.
  const given = typeof words === 'string' ? splitWords(words) : Array.isArray(words) ? words.map(String) : [];
  const options = parseArguments(splitElements(given)).flatMap((item) => item.options);
  return statementsOf(task, (name) => options.findLast(({ option }) => option.name === name)?.value);
}

/**
 * What a task states, as far as the words are allowed to.
 *
 * @throws AgentError TASK_INVALID naming the property, what it takes and what came
 */
export function statedResources(task: StatingTask, allowed: ReadonlySet<string>): Resources {
  return readStatements(taskStatements(task).filter(({ name }) => allowed.has(name)));
}
