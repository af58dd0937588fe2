import { ApiError } from '../api-error.js';
import type { ProjectDocument, ServerContext } from '../context.js';
import { isoDate } from '../dates.js';
import { type Call, type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import { deleteEvents } from '../events/event-store.js';
import { eventUrls } from '../events/event-urls.js';
import { asObjects, asTexts, type JsonObject, shownText } from '../json.js';
import { HIDDEN_NAMES } from '../projects/project-names.js';
import { projectOf, projectsBelow } from '../projects/project-tree.js';
import { flag, required, text } from '../schema.js';
import type { Documents, Stored } from '../storage/documents.js';
import { removeFromQueues } from '../tasks/queue-entries.js';
import { DELETED_MARK } from '../tasks/task-document.js';
import { artifactUrls } from '../tasks/task-outputs.js';

const PROJECT = { project: required(text) } as const;
const DELETED = {
  ...PROJECT,
  force: flag,
  delete_contents: flag,
  delete_external_artifacts: flag,
} as const;

export const projectRemovalEndpoints: EndpointTable = {
  'projects.validate_delete': endpoint(PROJECT, validate),
  'projects.delete': endpoint(DELETED, remove),
};

/** A project and all below it, by what they hold. */
interface Removed {
  all: ProjectDocument[];
  pipelines: Set<string>;
  datasets: Set<string>;
  others: Set<string>;
}

function removedWith(server: ServerContext, id: string): Removed {
  const all = [projectOf(server, id), ...projectsBelow(server, id)];
  const tagged = (tag: string, holder: string) =>
    new Set(
      all
        .filter(({ system_tags: tags, basename }) => tags.includes(tag) && basename !== holder)
        .map((project) => project.id),
    );
  const pipelines = tagged('pipeline', HIDDEN_NAMES.pipelines);
  const datasets = tagged('dataset', HIDDEN_NAMES.datasets);
  const others = new Set(
    all.map((project) => project.id).filter((each) => !pipelines.has(each) && !datasets.has(each)),
  );
  return { all, pipelines, datasets, others };
}

function within<T extends Stored>(documents: Documents<T>, projects: ReadonlySet<string>): T[] {
  const where = 'project IN (SELECT value FROM json_each(?))';
  return [...documents.scan({ where, parameters: [JSON.stringify([...projects])] })];
}

function isActive({ system_tags: tags }: JsonObject): boolean {
  return !asTexts(tags).includes('archived');
}

function validate({ server, body }: CallWith<typeof PROJECT>): JsonObject {
  const { pipelines, datasets, others } = removedWith(server, body.project);
  const projectsOf = (documents: readonly { project?: string }[]) =>
    new Set(documents.map(({ project }) => project)).size;
  const tasks = within(server.tasks, others);
  const reports = tasks.filter(({ system_tags: tags }) => tags.includes('reports'));
  const plain = tasks.filter(({ system_tags: tags }) => !tags.includes('reports'));
  const models = within(server.models, others);
  return {
    pipelines: projectsOf(activeControllers(server, pipelines)),
    datasets: projectsOf(within(server.tasks, datasets).filter(isActive)),
    tasks: plain.length,
    non_archived_tasks: plain.filter(isActive).length,
    models: models.length,
    non_archived_models: models.filter(isActive).length,
    reports: reports.length,
    non_archived_reports: reports.filter(isActive).length,
  };
}

function activeControllers(server: ServerContext, pipelines: ReadonlySet<string>) {
  return within(server.tasks, pipelines).filter((task) => task.type === 'controller' && isActive(task));
}

/** Removes a project and those below it. What they hold stays without a project, or goes with them. */
function remove(call: CallWith<typeof DELETED>): JsonObject {
  const { server, body } = call;
  const removed = removedWith(server, body.project);
  if (!body.force) assertEmpty(server, body.project, removed);
  const ids = new Set(removed.all.map(({ id }) => id));
  const outcome = body.delete_contents ? deleteContents(call, ids) : disassociate(server, ids);
  for (const id of ids) server.projects.delete(id);
  return { deleted: ids.size, ...outcome };
}

/** @throws ApiError 400/402, 405, 406 or 413 for what is not archived */
function assertEmpty(server: ServerContext, id: string, { pipelines, datasets, others }: Removed): void {
  if (activeControllers(server, pipelines).length > 0) throw new ApiError('project_has_pipelines', { id });
  if (within(server.tasks, datasets).some(isActive)) throw new ApiError('project_has_datasets', { id });
  if (within(server.tasks, others).some(isActive)) throw new ApiError('project_has_tasks', { id });
  if (within(server.models, others).some(isActive)) throw new ApiError('project_has_models', { id });
}

function disassociate(server: ServerContext, ids: ReadonlySet<string>): JsonObject {
  const tasks = within(server.tasks, ids);
  for (const task of tasks) server.tasks.put({ ...task, project: undefined });
  for (const model of within(server.models, ids)) server.models.put({ ...model, project: undefined });
  return { disassociated_tasks: tasks.length, deleted_models: 0, deleted_tasks: 0, urls: null };
}

/** Tasks and models go; those of other projects that name them lose the reference. */
function deleteContents(call: Call, ids: ReadonlySet<string>): JsonObject {
  const { server } = call;
  const tasks = within(server.tasks, ids);
  const models = within(server.models, ids);
  const taskIds = new Set(tasks.map(({ id }) => id));
  const modelIds = new Set(models.map(({ id }) => id));
  const urls = {
    model_urls: models.map(({ uri }) => uri).filter(Boolean),
    artifact_urls: tasks.flatMap(artifactUrls),
    event_urls: tasks.flatMap(({ id }) => eventUrls(server.database, id)),
  };
  for (const id of [...taskIds, ...modelIds]) deleteEvents(server.database, id);
  for (const id of taskIds) {
    removeFromQueues(server, id);
    server.tasks.delete(id);
  }
  for (const id of modelIds) server.models.delete(id);
  forgetReferences(call, taskIds, modelIds);
  return { disassociated_tasks: 0, deleted_models: modelIds.size, deleted_tasks: taskIds.size, urls };
}

function forgetReferences(call: Call, tasks: ReadonlySet<string>, models: ReadonlySet<string>): void {
  const { server, identity } = call;
  const stamp = { last_change: isoDate(server.now()), last_changed_by: identity.user };
  for (const task of server.tasks.scan()) {
    const input = asObjects(task.models.input);
    const output = asObjects(task.models.output);
    const isChild = tasks.has(task.parent ?? '');
    const names = [...input, ...output].some(({ model }) => models.has(shownText(model)));
    if (!isChild && !names) continue;
    const marked = (entry: JsonObject) =>
      models.has(shownText(entry.model)) ? { ...entry, model: DELETED_MARK } : entry;
    const kept =
      task.status === 'published'
        ? output.map(marked)
        : output.filter(({ model }) => !models.has(shownText(model)));
    server.tasks.put({
      ...task,
      ...stamp,
      models: { ...task.models, input: input.map(marked), output: kept },
      ...(isChild ? { parent: undefined } : {}),
    });
  }
  for (const model of server.models.scan())
    if (tasks.has(model.task ?? '')) server.models.put({ ...model, ...stamp, task: undefined });
}
