import { isoDate } from '../dates.js';
import type { Call } from '../endpoint.js';
import { newId } from '../ids.js';
import { emptySections, type TaskDocument } from './task-document.js';

/** Sections of which an edit writes only the fields given; all others are replaced as a whole. */
const MERGED_SECTIONS = ['script', 'execution', 'output', 'models'] as const;

/** A task that never ran: status `created`, and `fields` over the empty sections. */
export function newTask(call: Call, fields: Partial<TaskDocument>): TaskDocument {
  const now = isoDate(call.server.now());
  const sections = emptySections();
  return {
    name: '',
    type: 'training',
    tags: [],
    system_tags: [],
    ...sections,
    ...withMergedSections(sections, fields),
    id: newId(),
    user: call.identity.user,
    company: call.identity.company,
    status: 'created',
    created: now,
    last_update: now,
    last_change: now,
    last_changed_by: call.identity.user,
    last_iteration: 0,
    last_metrics: {},
  };
}

/** The fields with the merged sections among them laid over the present ones. */
export function withMergedSections(
  present: Partial<TaskDocument>,
  fields: Partial<TaskDocument>,
): Partial<TaskDocument> {
  const given = MERGED_SECTIONS.filter((name) => fields[name] !== undefined);
  const combined = given.map((name) => [name, { ...present[name], ...fields[name] }]);
  return { ...fields, ...Object.fromEntries(combined) };
}
