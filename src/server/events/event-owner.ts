import { ApiError } from '../api-error.js';
import type { ModelDocument, ServerContext } from '../context.js';
import { isoDate } from '../dates.js';
import { asObject, asTexts, type JsonObject } from '../json.js';
import { alive } from '../tasks/signs-of-life.js';
import { isLocked, type TaskDocument } from '../tasks/task-document.js';
import type { StoredEvent } from './event-store.js';
import { lastIteration, withScalars, withStats } from './last-metrics.js';

/** What events belong to. */
export type Owner = { kind: 'task'; document: TaskDocument } | { kind: 'model'; document: ModelDocument };

export function findOwner(server: ServerContext, id: string, isModel: boolean): Owner | undefined {
  if (isModel) {
    const model = server.models.find(id);
    return model === undefined ? undefined : { kind: 'model', document: model };
  }
  const task = server.tasks.find(id);
  return task === undefined ? undefined : { kind: 'task', document: task };
}

/** The owner that a request reads events of. @throws ApiError 400/101, 201 */
export function ownerOf(server: ServerContext, id: string, isModel: boolean): Owner {
  const owner = findOwner(server, id, isModel);
  if (owner === undefined) throw new ApiError(isModel ? 'invalid_model_id' : 'invalid_task_id', { id });
  return owner;
}

/** Nothing more is reported to what is published. */
export function isClosed(owner: Owner): boolean {
  return owner.kind === 'model' ? owner.document.ready : isLocked(owner.document);
}

/** Writes what events change in their owner: iteration, last values, signs of life. */
export function noteEvents(server: ServerContext, owner: Owner, events: readonly StoredEvent[]): void {
  const { document } = owner;
  const scalars = events.filter((event) => event.type === 'training_stats_scalar');
  const known = new Set(asTexts(document.unique_metrics));
  for (const { metric, variant } of scalars) known.add(`${metric}/${variant}`);
  const now = server.now();
  const figures = {
    last_iteration: lastIteration(
      typeof document.last_iteration === 'number' ? document.last_iteration : 0,
      events.filter((event) => event.type !== 'log' || typeof event.body.iter === 'number'),
    ),
    last_metrics: withScalars(asObject(document.last_metrics), scalars),
    unique_metrics: [...known],
  };
  if (owner.kind === 'model') {
    const last_update = isoDate(now);
    server.models.put({ ...owner.document, ...figures, last_update, last_change: last_update });
    return;
  }
  const metric_stats = withStats(asObject(document.metric_stats), events, isoDate(now));
  server.tasks.put({ ...alive(owner.document, now), ...figures, metric_stats });
}

/** Forgets what events had changed. */
export function forgetEvents(server: ServerContext, owner: Owner): void {
  const empty: JsonObject = { last_iteration: 0, last_metrics: {}, unique_metrics: [] };
  if (owner.kind === 'model') server.models.put({ ...owner.document, ...empty });
  else server.tasks.put({ ...owner.document, ...empty, metric_stats: {} });
}
