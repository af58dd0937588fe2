import { ApiError } from '../api-error.js';
import { filledDashboard } from '../apps/dashboard.js';
import { checkChoices } from '../apps/form/check-choices.js';
import { checkParameters } from '../apps/form/check-parameters.js';
import { instanceTask } from '../apps/form/instance-task.js';
import type { AppDefinition, ValueMap } from '../apps/format/definition.js';
import { appOf, instanceOf, instanceTasks, putInstance, type StoredApp } from '../apps/store.js';
import type { QueueDocument, ServerContext } from '../context.js';
import { isoDate } from '../dates.js';
import { type Call, type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import { asText, type JsonObject } from '../json.js';
import { projectForName } from '../projects/project-names.js';
import { integer, map, required, text, withDefault } from '../schema.js';
import { touchProject } from '../tasks/change-status.js';
import { newTask } from '../tasks/new-task.js';
import { queueNamed } from '../tasks/queue-entries.js';
import { type TaskDocument, taskOf } from '../tasks/task-document.js';
import { checkedName } from '../tasks/task-fields.js';
import { enqueueTask } from './task-queueing.js';
import { stopTask } from './task-status.js';

const LAUNCHED = {
  app: required(text),
  version: text,
  name: text,
  queue: text,
  parameters: withDefault(map, {}),
} as const;
const TASK = { task: required(text) } as const;
const CLONED = { ...TASK, name: text, queue: text, parameters: map } as const;
const LISTED = {
  app: text,
  page: withDefault({ ...integer, minimum: 0, maximum: 1_000_000 }, 0),
  page_size: withDefault({ ...integer, minimum: 1, maximum: 500 }, 50),
} as const;

/** Instances of applications: tasks that are launched from a form. */
export const appInstanceEndpoints: EndpointTable = {
  'apps.launch': endpoint(LAUNCHED, launchNew),
  'apps.get_instances': endpoint(LISTED, getInstances),
  'apps.get_instance': endpoint(TASK, getInstance),
  'apps.stop_instance': endpoint(TASK, stop),
  'apps.clone_instance': endpoint(CLONED, clone),
  'apps.resume_instance': endpoint(TASK, resume),
};

function launchNew(call: CallWith<typeof LAUNCHED>): JsonObject {
  const { app: id, version, name, queue, parameters } = call.body;
  const app = appOf(call.server, id, version);
  if (app.isDeleted)
    throw new ApiError('invalid_id', { app: id, version: app.version }, 'the application was deleted');
  return launch(call, app, { name, queue, parameters });
}

/** The same application and version with the same parameters, or with others. */
function clone(call: CallWith<typeof CLONED>): JsonObject {
  const { task: id, name, queue, parameters } = call.body;
  const source = instanceOf(call.server, id);
  const task = taskOf(call.server, id);
  const app = appOf(call.server, source.app, source.version);
  const given = { ...(parameters ?? source.parameters) } as JsonObject;
  return launch(call, app, { name: name ?? `Clone of ${task.name}`, queue, parameters: given });
}

interface Launch {
  name: string | undefined;
  /** Id or name. */
  queue: string | undefined;
  parameters: JsonObject;
}

/** Makes the task of an instance and enqueues it. @throws ApiError 400/16 with a message for each wrong field; 400/701 */
function launch(
  call: Call,
  { definition, version }: StoredApp,
  { name, queue, parameters }: Launch,
): JsonObject {
  const { server } = call;
  const values = checked(call, definition, parameters);
  const chosen = queueFor(server, queue ?? definition.default_queue);
  const project = projectForName(call, `Applications/${definition.name.replaceAll('/', ' ').padEnd(3, '_')}`);
  const task = newTask(call, {
    ...instanceTask(definition, values),
    name: checkedName(name ?? `${definition.name} ${isoDate(server.now()).slice(0, 16).replace('T', ' ')}`),
    project: project.id,
  });
  server.tasks.put(task);
  touchProject(server, project.id, task.created);
  putInstance(server, { task: task.id, app: definition.id, version, parameters: values });
  return { id: task.id, ...enqueued(call, task.id, chosen) };
}

function enqueued(call: Call, task: string, queue: QueueDocument): JsonObject {
  const body = { queue: queue.id, update_execution_queue: true, verify_watched_queue: true };
  const { queue_watched } = enqueueTask({ ...call, body }, task);
  return { queue: { id: queue.id, name: queue.name }, queue_watched };
}

function checked(call: Call, { wizard }: AppDefinition, parameters: JsonObject): ValueMap {
  const { values, problems } = checkParameters(wizard, parameters);
  checkChoices(call, wizard, values, problems);
  call.server.patterns.assertSettled();
  const lines = Object.entries(problems).map(([field, problem]) => `${field}: ${problem}`);
  if (lines.length === 0) return values;
  throw new ApiError('fields_value_error', { fields: problems }, lines.slice(0, 5).join('; '));
}

/** An agent makes the queue that it serves; one that is not there is served by none. @throws ApiError 400/701 */
function queueFor(server: ServerContext, named: string): QueueDocument {
  const queue = server.queues.find(named) ?? queueNamed(server, named.trim());
  if (queue !== undefined) return queue;
  const hint = `there is no queue "${named}"; "agent daemon --services-mode --create-queue --queue ${named}" makes and serves it`;
  throw new ApiError('invalid_queue_id', { queue: named }, hint);
}

function getInstances({ server, body }: CallWith<typeof LISTED>): JsonObject {
  const page = { limit: body.page_size + 1, offset: body.page * body.page_size };
  const tasks = instanceTasks(server, body.app, page);
  const found = tasks.slice(0, body.page_size).flatMap((id) => server.tasks.find(id) ?? []);
  return { instances: found.map((task) => brief(server, task)), more: tasks.length > body.page_size };
}

function brief(server: ServerContext, task: TaskDocument): JsonObject {
  const { id, name, status, status_message = '', status_reason = '', created, application } = task;
  const { started, completed, last_update } = task;
  const user = server.users.find(task.user);
  return {
    id,
    name,
    status,
    status_message,
    status_reason,
    created,
    ...Object.fromEntries(
      Object.entries({ started, completed, last_update }).filter(([, time]) => time !== undefined),
    ),
    application: { ...application },
    user: { id: task.user, name: user?.name ?? '' },
    resumable: isResumable(task),
  };
}

/** A dashboard shows the version that the instance was launched from. */
function getInstance({ server, body }: CallWith<typeof TASK>): JsonObject {
  const { app: id, version, parameters } = instanceOf(server, body.task);
  const task = taskOf(server, body.task);
  const { definition } = appOf(server, id, version);
  return {
    instance: {
      ...brief(server, task),
      parameters,
      hyperparams: task.hyperparams,
      configuration: task.configuration,
      last_metrics: task.last_metrics,
      queue: queueOf(server, task),
    },
    app: {
      id,
      version,
      name: definition.name,
      icon: definition.icon ?? null,
      no_info_html: definition.no_info_html ?? null,
    },
    dashboard: filledDashboard(definition, task) as unknown as JsonObject[],
  };
}

/** Where it waits, or waited last. */
function queueOf(server: ServerContext, { execution }: TaskDocument): JsonObject | null {
  const queue = server.queues.find(asText(execution.queue) ?? '');
  return queue === undefined ? null : { id: queue.id, name: queue.name };
}

function stop(call: CallWith<typeof TASK>): JsonObject {
  instanceOf(call.server, call.body.task);
  return stopTask({ ...call, body: {} }, call.body.task);
}

/** Puts a stopped or failed instance into its queue again; what it keeps is up to its code. */
function resume(call: CallWith<typeof TASK>): JsonObject {
  const { server, body } = call;
  const { app, version } = instanceOf(server, body.task);
  const task = taskOf(server, body.task);
  if (!isResumable(task))
    throw new ApiError(
      'invalid_task_status',
      { task: task.id, current_status: task.status, resumable: task.application?.resumable === true },
      'only stopped and failed instances of resumable applications can be resumed',
    );
  const queue = asText(task.execution.queue) ?? appOf(server, app, version).definition.default_queue;
  return enqueued(call, task.id, queueFor(server, queue));
}

function isResumable({ application, status }: TaskDocument): boolean {
  return application?.resumable === true && (status === 'stopped' || status === 'failed');
}
