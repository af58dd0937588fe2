import { ApiError } from '../api-error.js';
import type { ModelDocument } from '../context.js';
import { isoDate } from '../dates.js';
import type { Call } from '../endpoint.js';
import { deleteEvents } from '../events/event-store.js';
import { asObjects, shownText } from '../json.js';
import { DELETED_MARK, type TaskDocument } from './task-document.js';

/** Who removes what of which server. */
export type RemovingCall = Pick<Call, 'server' | 'identity'>;

export interface OutputRemoval {
  force: boolean;
  /** Draft models go; otherwise they only lose the task. */
  deletesModels: boolean;
  /** Children and models keep the mark of the deleted task; a task that is reset leaves its children alone. */
  marks: boolean;
}

export interface RemovedOutputs {
  /** As the API tells them. */
  counts: { deleted_models: number; updated_models: number; updated_children: number };
  /** Addresses of the removed models. */
  modelUrls: string[];
}

interface Outputs {
  published: ModelDocument[];
  drafts: ModelDocument[];
}

/**
 * Removes what a task made, or takes the task out of it.
 *
 * @throws ApiError 400/123 when the task has published children or models, and `force` is not set
 */
export function removeOutputs(
  call: RemovingCall,
  task: TaskDocument,
  removal: OutputRemoval,
): RemovedOutputs {
  const { server } = call;
  const { published, drafts } = outputsOf(call, task);
  if (!removal.force) assertNothingPublished(call, task, published);
  const used = usedModels(call, drafts);
  const removed = removal.deletesModels ? drafts.filter(({ id }) => !used.has(id)) : [];
  const goes = new Set(removed.map(({ id }) => id));
  const kept = [...drafts, ...published].filter(({ id }) => !goes.has(id));
  for (const { id } of removed) {
    deleteEvents(server.database, id);
    server.models.delete(id);
  }
  const mark = `${DELETED_MARK}${task.id}`;
  let updatedModels = 0;
  for (const model of kept) {
    const isMarked = removal.marks && !(removal.deletesModels && !model.ready);
    if (isMarked) updatedModels += 1;
    server.models.put({ ...model, task: isMarked ? mark : undefined, ...stamp(call) });
  }
  const updatedChildren = removal.marks ? markChildren(call, task.id, mark) : 0;
  return {
    counts: {
      deleted_models: removed.length,
      updated_models: updatedModels,
      updated_children: updatedChildren,
    },
    modelUrls: unusedUrls(call, removed),
  };
}

/** The models that name the task, and those that the task names. */
function outputsOf({ server }: RemovingCall, task: TaskDocument): Outputs {
  const models = new Map<string, ModelDocument>();
  for (const model of server.models.scan({ where: 'task = ?', parameters: [task.id] }))
    models.set(model.id, model);
  for (const { model: id } of asObjects(task.models.output)) {
    const model = typeof id === 'string' ? server.models.find(id) : undefined;
    if (model !== undefined) models.set(model.id, model);
  }
  const all = [...models.values()];
  return { published: all.filter(({ ready }) => ready), drafts: all.filter(({ ready }) => !ready) };
}

function assertNothingPublished(
  { server }: RemovingCall,
  task: TaskDocument,
  models: readonly ModelDocument[],
): void {
  const children = { where: "parent = ? AND status = 'published'", parameters: [task.id] };
  if (server.tasks.count(children) > 0 || models.length > 0)
    throw new ApiError('task_cannot_be_deleted', { task: task.id }, 'it has published children or models');
}

/** Which of some models tasks start from. */
function usedModels({ server }: RemovingCall, models: readonly ModelDocument[]): Set<string> {
  const ids = new Set(models.map(({ id }) => id));
  const used = new Set<string>();
  if (ids.size === 0) return used;
  for (const task of server.tasks.scan())
    for (const { model } of asObjects(task.models.input))
      if (ids.has(shownText(model))) used.add(shownText(model));
  return used;
}

function markChildren(call: RemovingCall, parent: string, mark: string): number {
  const { server } = call;
  const children = [...server.tasks.scan({ where: 'parent = ?', parameters: [parent] })];
  for (const child of children) server.tasks.put({ ...child, parent: mark, ...stamp(call) });
  return children.length;
}

function stamp({ server, identity }: RemovingCall): { last_change: string; last_changed_by: string } {
  return { last_change: isoDate(server.now()), last_changed_by: identity.user };
}

/** A model may be registered twice: its file goes with the last one. */
function unusedUrls({ server }: RemovingCall, models: readonly ModelDocument[]): string[] {
  const uris = new Set(models.map(({ uri }) => uri).filter((uri) => typeof uri === 'string' && uri !== ''));
  if (uris.size === 0) return [];
  for (const { uri } of server.models.scan()) uris.delete(uri);
  return [...uris] as string[];
}

/** Addresses of the artifacts that a task made itself. */
export function artifactUrls({ execution }: Pick<TaskDocument, 'execution'>): string[] {
  return asObjects(execution.artifacts)
    .filter(({ mode }) => mode !== 'input')
    .map(({ uri }) => uri)
    .filter((uri) => typeof uri === 'string');
}
