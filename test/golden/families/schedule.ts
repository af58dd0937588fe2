import { describeEntry } from '../../../src/daemon/queues/schedule/describe.js';
import { parseEntry } from '../../../src/daemon/queues/schedule/entry.js';
import {
  activity,
  hoursOf,
  type RuntimeProperty,
  resolveSchedule,
} from '../../../src/daemon/queues/schedule.js';

type Input =
  | {
      op: 'active';
      now: string;
      uptime?: string | string[];
      downtime?: string | string[];
      queue_tags?: string[];
      runtime_properties?: RuntimeProperty[];
    }
  | { op: 'parse_entry' | 'describe'; entry: string };

/** Recorded times are local ones, so they are read as local ones. */
export function schedule(input: Input): unknown {
  if (input.op === 'active') {
    const lists = { uptime: list(input.uptime), downtime: list(input.downtime) };
    const none = { uptime: [], downtime: [] };
    return activity({
      schedule: resolveSchedule(none, lists),
      now: new Date(input.now),
      queueTags: input.queue_tags ?? [],
      properties: input.runtime_properties ?? [],
    }).active;
  }
  const entry = parseEntry(input.entry, 'agent.uptime');
  return input.op === 'describe' ? describeEntry(entry) : { days: entry.days, hours: hoursOf(entry) };
}

function list(value: string | string[] | undefined): string[] {
  return value === undefined ? [] : [value].flat();
}
