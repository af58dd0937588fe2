import { type Call, type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import { asObjects, type JsonObject } from '../json.js';
import { projectForName } from '../projects/project-names.js';
import { type Body, json, required, text } from '../schema.js';
import { touchProject } from '../tasks/change-status.js';
import { newTask } from '../tasks/new-task.js';
import { emptyExecution, type TaskDocument, taskOf } from '../tasks/task-document.js';
import { requestedFields, TASK_FIELDS } from '../tasks/task-fields.js';

const CLONED = {
  task: required(text),
  new_project_name: text,
  new_task_name: TASK_FIELDS.name,
  new_task_comment: TASK_FIELDS.comment,
  new_task_tags: TASK_FIELDS.tags,
  new_task_system_tags: TASK_FIELDS.system_tags,
  new_task_parent: TASK_FIELDS.parent,
  new_task_project: TASK_FIELDS.project,
  new_task_hyperparams: TASK_FIELDS.hyperparams,
  new_task_configuration: TASK_FIELDS.configuration,
  new_task_container: TASK_FIELDS.container,
  new_task_input_models: json,
  execution_overrides: TASK_FIELDS.execution,
} as const;

export const taskCloningEndpoints: EndpointTable = {
  'tasks.clone': endpoint(CLONED, clone),
};

function clone(call: CallWith<typeof CLONED>): JsonObject {
  const { new_project_name: projectName } = call.body;
  const project = projectName === undefined ? undefined : projectForName(call, projectName);
  const { id } = cloneTask(call, call.body, project?.id);
  return { id, ...(project === undefined ? {} : { new_project: { id: project.id, name: project.name } }) };
}

/** Makes a copy of a task. @param projectId another project than that of the task */
export function cloneTask(call: Call, request: Body<typeof CLONED>, projectId?: string): TaskDocument {
  const { server } = call;
  const source = taskOf(server, request.task);
  const overrides = requestedFields({ ...call, body: overridesOf(request) });
  const copy = newTask(call, {
    ...copied(source),
    ...overrides,
    ...(projectId === undefined ? {} : { project: projectId }),
    parent: overrides.parent ?? source.parent ?? source.id,
    execution: { ...clonedExecution(source), ...overrides.execution },
  });
  server.tasks.put(copy);
  touchProject(server, copy.project, copy.created);
  return copy;
}

/** The fields of the copy under the names that they have in a task. */
function overridesOf(body: Body<typeof CLONED>): Body<typeof TASK_FIELDS> {
  const input = body.new_task_input_models;
  return {
    name: body.new_task_name,
    comment: body.new_task_comment,
    tags: body.new_task_tags,
    system_tags: body.new_task_system_tags,
    parent: body.new_task_parent,
    project: body.new_task_project,
    hyperparams: body.new_task_hyperparams,
    configuration: body.new_task_configuration,
    container: body.new_task_container,
    execution: body.execution_overrides,
    ...(input === undefined ? {} : { models: { input } }),
  };
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
