import { ApiError, PartialError } from '../api-error.js';
import type { ServerContext } from '../context.js';
import { type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import type { JsonObject } from '../json.js';
import { flag, listOf, object, required, text, texts } from '../schema.js';
import type { TaskDocument } from '../tasks/task-document.js';
import { each } from './batch.js';
import { cloneTask } from './task-cloning.js';
import { enqueueTask } from './task-queueing.js';
import { deleteTask } from './task-removal.js';

const STARTED = {
  task: required(text),
  queue: required(text),
  args: listOf(object({ name: required(text), value: required(text) })),
  verify_watched_queue: flag,
} as const;
const DELETED = { project: required(text), ids: required(texts) } as const;

/** Runs of pipelines: tasks of the type `controller` in the hidden project of their pipeline. */
export const pipelineEndpoints: EndpointTable = {
  'pipelines.start_pipeline': endpoint(STARTED, start),
  'pipelines.delete_runs': endpoint(DELETED, deleteRuns),
};

/** Starts a copy of a run, with other arguments. */
function start(call: CallWith<typeof STARTED>): JsonObject {
  const { server, body } = call;
  const args = (body.args ?? []).map(({ name, value }) => [name, { section: 'Args', name, value }]);
  const copy = cloneTask(call, {
    task: body.task,
    ...(args.length === 0 ? {} : { new_task_hyperparams: { Args: Object.fromEntries(args) } }),
  });
  server.tasks.put({ ...copy, name: runName(server, copy) });
  // The copy stays even if it cannot be started, as on the released server.
  if (!server.queues.has(body.queue)) throw new PartialError('invalid_queue_id', { id: body.queue });
  const { queue_watched: watched } = enqueueTask(
    {
      ...call,
      body: {
        queue: body.queue,
        status_message: 'Starting pipeline',
        update_execution_queue: true,
        verify_watched_queue: body.verify_watched_queue ?? false,
      },
    },
    copy.id,
  );
  return { pipeline: copy.id, enqueued: true, ...(watched === undefined ? {} : { queue_watched: watched }) };
}

/** That of the project of the pipeline, and a number from the second run on. */
function runName(server: ServerContext, task: TaskDocument): string {
  const project = server.projects.find(task.project ?? '');
  if (project === undefined) return task.name;
  const name = project.basename;
  const isRun = (other: string) =>
    other === name || (other.startsWith(`${name} #`) && /^\d+$/.test(other.slice(name.length + 2)));
  const runs = [...server.tasks.scan({ where: 'project = ?', parameters: [project.id] })].filter(
    (other) => other.id !== task.id && other.system_tags.includes('pipeline') && isRun(other.name),
  );
  return runs.length === 0 ? name : `${name} #${runs.length}`;
}

/** Deletes runs with their steps; one run stays, at least. */
function deleteRuns(call: CallWith<typeof DELETED>): JsonObject {
  const { server, body } = call;
  const all = [...server.tasks.scan({ where: 'project = ?', parameters: [body.project] })]
    .filter(({ type }) => type === 'controller')
    .map(({ id }) => id);
  if (all.every((id) => body.ids.includes(id)))
    throw new ApiError('cannot_remove_all_runs', { project: body.project });
  const ids = all.filter((id) => body.ids.includes(id));
  const request = { ids, force: true, delete_output_models: true, include_pipeline_steps: true };
  return each(deleteTask)({ ...call, body: request });
}
