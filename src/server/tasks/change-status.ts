import type { ServerContext } from '../context.js';
import { isoDate } from '../dates.js';
import type { CallWith } from '../endpoint.js';
import type { JsonObject } from '../json.js';
import { flag, text } from '../schema.js';
import { assertTransition, type TaskStatus } from './status-machine.js';
import type { TaskDocument } from './task-document.js';

/** What every call that changes the status of a task takes. */
export const STATUS_FIELDS = { force: flag, status_reason: text, status_message: text } as const;

export interface StatusChange {
  to: TaskStatus;
  reason?: string | undefined;
  message?: string | undefined;
  /** Skips the table of transitions. */
  force?: boolean;
  /** Further fields written; `undefined` removes one. Set ones are echoed in the answer. */
  fields?: Partial<TaskDocument>;
  /** Further fields to write that the answer does not list. */
  silent?: Partial<TaskDocument>;
  /** User id; the server itself signs with its own name. */
  by: string;
}

/** Answer of every call that writes a task: how many were written, and what. */
export interface Written extends JsonObject {
  updated: number;
  fields: JsonObject;
}

/**
 * Moves a task to a status, or rewrites the texts of the one that it has.
 *
 * @throws ApiError 400/110 when the table forbids it and `force` is not set
 */
export function changeStatus(server: ServerContext, task: TaskDocument, change: StatusChange): Written {
  if (change.force !== true) assertTransition(task, change.to);
  const now = isoDate(server.now());
  const fields: Partial<TaskDocument> = {
    ...change.fields,
    status: change.to,
    status_reason: change.reason ?? '',
    status_message: change.message ?? '',
    status_changed: now,
    last_update: now,
    last_change: now,
    last_changed_by: change.by,
  };
  if (change.to === 'queued' && task.system_tags.includes('development')) {
    fields.system_tags = task.system_tags.filter((tag) => tag !== 'development');
  }
  server.tasks.put({ ...task, ...change.silent, ...fields });
  touchProject(server, task.project, now);
  return { updated: 1, fields: echoed(fields) };
}

/** The change that a status call asks for: its own fields over the endpoint's. */
export function requestedChange(
  call: CallWith<typeof STATUS_FIELDS>,
  change: Omit<StatusChange, 'by'>,
): StatusChange {
  return {
    reason: call.body.status_reason,
    message: call.body.status_message,
    force: call.body.force === true,
    ...change,
    by: call.identity.user,
  };
}

export function touchProject(server: ServerContext, id: string | undefined, now: string): void {
  const project = id === undefined ? undefined : server.projects.find(id);
  if (project !== undefined) server.projects.put({ ...project, last_update: now });
}

function echoed(fields: Partial<TaskDocument>): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
