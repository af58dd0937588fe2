import { asObject, asObjects, asText, type JsonObject } from '../json.js';
import { isOlder } from '../versions.js';

/** Before this version a task's container was one text, and its models were single fields. */
const SECTIONS_SINCE: readonly [number, number] = [2, 13];

/** A task for a client of an old API version: newer sections show in the old places, too. */
export function withLegacyFields(task: JsonObject, version: readonly [number, number]): JsonObject {
  if (!isOlder(version, SECTIONS_SINCE)) return task;
  const container = asObject(task.container);
  const command = [container.image, container.arguments]
    .filter((part) => asText(part) !== undefined)
    .join(' ');
  const models = asObject(task.models);
  const input = asText(asObjects(models.input).at(-1)?.model);
  const output = asText(asObjects(models.output).at(-1)?.model);
  return {
    ...task,
    execution: {
      ...asObject(task.execution),
      ...(command === '' ? {} : { docker_cmd: command }),
      ...(input === undefined ? {} : { model: input }),
    },
    output: { ...asObject(task.output), ...(output === undefined ? {} : { model: output }) },
  };
}

/** The container that an old client writes as `execution.docker_cmd`; the field itself is taken out. */
export function containerOfCommand(execution: JsonObject): { execution: JsonObject; container?: JsonObject } {
  const { docker_cmd: command, ...rest } = execution;
  const text = asText(command)?.trim();
  if (text === undefined || text === '') return { execution: rest };
  const [image = '', ...words] = text.split(/\s+/);
  return { execution: rest, container: { image, arguments: words.join(' '), setup_shell_script: '' } };
}
