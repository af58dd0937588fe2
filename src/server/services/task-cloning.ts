import type { Call, EndpointTable } from '../call.js';
import { asObjects, type JsonObject } from '../json.js';
import { Params } from '../params.js';
import { touchProject } from '../tasks/change-status.js';
import { newTask } from '../tasks/new-task.js';
import { emptyExecution, type TaskDocument, taskOf } from '../tasks/task-document.js';
import { requestedFields } from '../tasks/task-fields.js';
import { projectForName } from './projects.js';

export const taskCloningEndpoints: EndpointTable = {
  'tasks.clone': { handler: clone, fields: { task: 'text!' } },
};

/** Fields of a task, and what the request calls their new values. */
const OVERRIDES: Readonly<Record<string, string>> = {
  name: 'new_task_name',
  comment: 'new_task_comment',
  tags: 'new_task_tags',
  system_tags: 'new_task_system_tags',
  parent: 'new_task_parent',
  project: 'new_task_project',
  hyperparams: 'new_task_hyperparams',
  configuration: 'new_task_configuration',
  container: 'new_task_container',
  execution: 'execution_overrides',
};

function clone(call: Call): JsonObject {
  const { server, params } = call;
  const source = taskOf(server, params.text('task'));
  const projectName = params.optionalText('new_project_name');
  const project = projectName === undefined ? undefined : projectForName(call, projectName);
  const overrides = requestedFields({ ...call, params: overridesOf(call) });
  const copy = newTask(call, {
    ...copied(source),
    ...overrides,
    ...(project === undefined ? {} : { project: project.id }),
    parent: overrides.parent ?? source.parent ?? source.id,
    execution: { ...clonedExecution(source), ...overrides.execution },
  });
  server.tasks.put(copy);
  touchProject(server, copy.project, copy.created);
  return {
    id: copy.id,
    ...(project === undefined ? {} : { new_project: { id: project.id, name: project.name } }),
  };
}

function overridesOf({ params }: Call): Params {
  const pick = ([field, name]: [string, string]) => [field, params.fields[name]];
  const renamed: JsonObject = Object.fromEntries(Object.entries(OVERRIDES).map(pick));
  const input = params.fields.new_task_input_models;
  return new Params({ ...renamed, ...(input === undefined ? {} : { models: { input } }) });
}

/** What a clone takes over; its runtime, results and status texts start empty. */
function copied(source: TaskDocument): Partial<TaskDocument> {
  const { name, comment, type, tags, project, script, hyperparams, configuration, container } = source;
  const { destination } = source.output;
  return {
    name,
    type,
    tags,
    script,
    hyperparams,
    configuration,
    container,
    ...(comment === undefined ? {} : { comment }),
    ...(project === undefined ? {} : { project }),
    system_tags: source.system_tags.filter((tag) => tag !== 'development' && tag !== 'archived'),
    output: destination === undefined ? {} : { destination },
    models: { input: asObjects(source.models.input), output: [] },
  };
}

function clonedExecution(source: TaskDocument): JsonObject {
  const { queue: _left, ...execution } = source.execution;
  const artifacts = asObjects(execution.artifacts).filter((artifact) => artifact.mode === 'input');
  return { ...emptyExecution(), ...execution, artifacts };
}
