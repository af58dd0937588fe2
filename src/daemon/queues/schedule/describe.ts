import { visibleName } from '../../../logs/visible-text.js';
import {
  FORCE_ON_TAG,
  forceProperty,
  forceWarning,
  type RuntimeProperty,
  type Schedule,
} from '../schedule.js';
import type { ScheduleEntry } from './entry.js';

export interface StatusInput {
  schedule: Schedule;
  properties: readonly RuntimeProperty[];
  queues: readonly { name: string; tags: readonly string[]; weight?: number }[];
}

/** The text of `daemon --status`. */
export function describeStatus({ schedule, properties, queues }: StatusInput): string {
  return [
    ...describeSchedule(schedule),
    ...describeForced(properties, queues).map((line) => visibleName(line)),
    ...queues.map(({ name, tags, weight }) => {
      const force = tags.find((tag) => tag.startsWith('force_workers:'));
      const tag = force === undefined ? '' : ` (tagged '${visibleName(force)}')`;
      const share = weight === undefined ? '' : ` with weight ${weight}`;
      return `  - Listening to queue '${visibleName(name)}'${share}${tag}`;
    }),
  ].join('\n');
}

function describeSchedule({ uptime, downtime }: Schedule): string[] {
  if (uptime.length === 0 && downtime.length === 0) return ['No uptime/downtime configurations found'];
  const kind = uptime.length > 0 ? 'uptime' : 'downtime';
  const entries = uptime.length > 0 ? uptime : downtime;
  return [
    `Working hours ${kind} configurations`,
    ...entries.map(describeEntry).filter((lines) => lines !== ''),
  ];
}

/** A line for each range of hours: `  - 17:00-19:59 on SUN and TUE`. */
export function describeEntry(entry: ScheduleEntry): string {
  return entry.hours
    .filter(({ start, end }) => start !== end)
    .map(({ start, end }) => `  - ${start}:00-${end - 1}:59 on ${entry.days.join(' and ')}`)
    .join('\n');
}

function describeForced(properties: StatusInput['properties'], queues: StatusInput['queues']): string[] {
  const tag = queues.flatMap(({ tags }) => tags).find((one) => one.startsWith('force_workers:'));
  const property = forceProperty(properties);
  const state = tag === undefined ? property?.value.toLowerCase() : tag === FORCE_ON_TAG ? 'on' : 'off';
  const lines = state === 'on' || state === 'off' ? [`Currently forced ${state.toUpperCase()}`] : [];
  if (property !== undefined) {
    const warning = forceWarning(properties);
    lines.push(warning ?? `  - Server runtime property 'force: ${property.value}'${expiryText(property)}`);
  }
  return lines;
}

function expiryText({ expiry }: RuntimeProperty): string {
  if (!expiry) return '';
  const time = new Date(expiry * 1000);
  return ` expires at ${String(time.getHours()).padStart(2, '0')}:${String(time.getMinutes()).padStart(2, '0')}`;
}
