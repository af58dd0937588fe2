import type { JsonObject } from '../../json.js';
import type { TaskDocument } from '../../tasks/task-document.js';
import { hyperParameters } from '../../tasks/task-fields.js';
import type { AppDefinition, Target, Value, ValueMap, WizardField } from '../format/definition.js';
import { flat } from '../format/read-default.js';

/** The parts of the task that an instance begins with: those of the file, with the values at their targets. */
export function instanceTask(app: AppDefinition, values: Readonly<ValueMap>): Partial<TaskDocument> {
  const { script, type, tags, container } = app.task;
  const hyperparams = structuredClone(app.task.hyperparams);
  const configuration = { ...app.task.configuration };
  for (const field of flat(app.wizard)) {
    const value = Object.hasOwn(values, field.name) ? values[field.name] : undefined;
    if (field.target === undefined || value === undefined) continue;
    const { section, name } = field.target;
    if (field.target.field === 'configuration') configuration[name] = textOf(field.target, value);
    else hyperparams[section] = { ...hyperparams[section], [name]: textOf(field.target, value) };
  }
  return {
    type,
    tags: [...tags].sort(),
    system_tags: ['application'],
    script: { binary: 'python', ...script },
    container,
    hyperparams: hyperParameters(asItems(hyperparams)),
    configuration: Object.fromEntries(
      Object.entries(configuration).map(([name, value]) => [name, { name, value }]),
    ),
    application: { id: app.id, name: app.name, version: app.version, resumable: app.resumable },
  };
}

function asItems(sections: AppDefinition['task']['hyperparams']): JsonObject {
  const entries = Object.entries(sections).map(([section, items]): [string, JsonObject] => [
    section,
    Object.fromEntries(Object.entries(items).map(([name, value]) => [name, { value }])),
  ]);
  return Object.fromEntries(entries);
}

/** Parameters are texts; booleans have Python's spelling, which the SDK reads. */
function textOf({ format }: Target, value: Value): string {
  if (format === 'json') return JSON.stringify(value);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The field at a path of names, such as `rows/key` for one of a list. */
export function fieldAt(fields: readonly WizardField[], path: string): WizardField | undefined {
  const [name, ...rest] = path.split('/');
  const field = flat(fields).find((each) => each.name === name);
  return rest.length === 0 || field === undefined
    ? field
    : fieldAt(field.item_template ?? [], rest.join('/'));
}
