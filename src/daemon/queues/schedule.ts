import { AgentError } from '../../errors.js';
import {
  DAYS_FORM,
  dayAt,
  HOURS_FORM,
  type HourRange,
  parseEntry,
  type ScheduleEntry,
} from './schedule/entry.js';

/** When a daemon pulls tasks. At most one of the two lists has entries. */
export interface Schedule {
  uptime: readonly ScheduleEntry[];
  downtime: readonly ScheduleEntry[];
}

export interface ScheduleSource {
  uptime: readonly string[];
  downtime: readonly string[];
}

/**
 * The schedule of the flags if they give any, else that of the configuration.
 *
 * @throws AgentError USAGE when one source gives both lists, CONFIG_VALUE for a malformed entry
 */
export function resolveSchedule(flags: ScheduleSource, config: ScheduleSource): Schedule {
  const { source, uptime, downtime } = chosenSource(flags, config);
  if (source.uptime.length > 0 && source.downtime.length > 0) {
    throw new AgentError('USAGE', `${uptime} and ${downtime} are both given; they contradict each other`, {
      hint: 'Give the hours of work or the hours of rest.',
    });
  }
  return {
    uptime: source.uptime.map((entry) => parseEntry(entry, uptime)),
    downtime: source.downtime.map((entry) => parseEntry(entry, downtime)),
  };
}

/**
 * The same for a daemon that is to run by it: an uptime without a valid hour would never pull anything, and such a
 * downtime would never hold.
 *
 * @throws AgentError USAGE for a list without a valid entry, and as `resolveSchedule` does
 */
export function usableSchedule(flags: ScheduleSource, config: ScheduleSource): Schedule {
  const schedule = resolveSchedule(flags, config);
  const { source, uptime, downtime } = chosenSource(flags, config);
  const isVoid = ({ hours, days }: ScheduleEntry) => hours.length === 0 || days.length === 0;
  const entries = [...schedule.uptime, ...schedule.downtime];
  if (entries.length === 0 || !entries.every(isVoid)) return schedule;
  const given = [...source.uptime, ...source.downtime].map((text) => `"${text}"`).join(', ');
  const setting = source.uptime.length > 0 ? uptime : downtime;
  throw new AgentError('USAGE', `${setting} ${given}: no entry has both a valid hour and a valid day`, {
    hint: `${HOURS_FORM}; ${DAYS_FORM}.`,
  });
}

function chosenSource(flags: ScheduleSource, config: ScheduleSource) {
  const fromFlags = flags.uptime.length > 0 || flags.downtime.length > 0;
  if (fromFlags) return { source: flags, uptime: '--uptime', downtime: '--downtime' };
  return { source: config, uptime: 'agent.uptime', downtime: 'agent.downtime' };
}

/** Lines about parts of the schedule that were left out. */
export function scheduleWarnings({ uptime, downtime }: Schedule): string[] {
  return [...uptime, ...downtime].flatMap((entry) => entry.ignored);
}

/** A point of the wall clock. */
export interface LocalHour {
  /** 0 is Sunday. */
  weekday: number;
  hour: number;
}

/** The wall clock of this machine's time zone; the hour that a change to summer time skips does not come. */
export function localHour(now: Date): LocalHour {
  return { weekday: now.getDay(), hour: now.getHours() };
}

/** Whether some hours of an entry cover this one; those past midnight belong to the day before. */
export function covers(entry: ScheduleEntry, { weekday, hour }: LocalHour): boolean {
  const [today, yesterday] = [dayAt(weekday), dayAt(weekday - 1)];
  return entry.hours.some(
    (range) =>
      (entry.days.includes(today) && hour >= range.start && (range.end < range.start || hour < range.end)) ||
      (entry.days.includes(yesterday) && range.end < range.start && hour < range.end),
  );
}

/** A property of a worker that an administrator sets on the server. */
export interface RuntimeProperty {
  key: string;
  value: string;
  /** Unix time in seconds; absent = never. */
  expiry?: number | null;
}

export interface ActivityInput {
  schedule: Schedule;
  now: Date;
  queueTags?: readonly string[];
  properties?: readonly RuntimeProperty[];
}

export interface Activity {
  active: boolean;
  /** What decided. */
  because: 'queue tag' | 'runtime property' | 'uptime' | 'downtime' | 'no schedule';
}

/**
 * Whether a queue may be pulled from now. First hit wins: the queue's tags, the worker's property `force`, the
 * schedule.
 */
export function activity(input: ActivityInput): Activity {
  const tags = new Set(input.queueTags);
  if (tags.has(FORCE_OFF_TAG)) return { active: false, because: 'queue tag' };
  if (tags.has(FORCE_ON_TAG)) return { active: true, because: 'queue tag' };
  const forced = forceProperty(input.properties)?.value.toLowerCase();
  if (forced === 'off' || forced === 'on') return { active: forced === 'on', because: 'runtime property' };
  const { uptime, downtime } = input.schedule;
  if (uptime.length === 0 && downtime.length === 0) return { active: true, because: 'no schedule' };
  const moment = localHour(input.now);
  if (uptime.length > 0) return { active: uptime.some((entry) => covers(entry, moment)), because: 'uptime' };
  return { active: !downtime.some((entry) => covers(entry, moment)), because: 'downtime' };
}

export const FORCE_ON_TAG = 'force_workers:on';
const FORCE_OFF_TAG = 'force_workers:off';

/** The property that forces this worker on or off, whatever its value. */
export function forceProperty(
  properties: readonly RuntimeProperty[] | undefined,
): RuntimeProperty | undefined {
  return properties?.find((property) => property.key === 'force');
}

/** `forceProperty` with a value that means nothing, as a line for the user. */
export function forceWarning(properties: readonly RuntimeProperty[] | undefined): string | undefined {
  const property = forceProperty(properties);
  if (property === undefined || /^(on|off)$/i.test(property.value)) return undefined;
  return `the worker's runtime property "force" is "${property.value}"; it is ignored, as it must be on or off`;
}

/**
 * Hours of an entry one by one, as often as they are written.
 *
 * @golden
 */
export function hoursOf(entry: ScheduleEntry): number[] {
  return entry.hours.flatMap(hoursOfRange);
}

function hoursOfRange({ start, end }: HourRange): number[] {
  if (end >= start) return Array.from({ length: end - start }, (_, at) => start + at);
  return [...hoursOfRange({ start, end: 24 }), ...hoursOfRange({ start: 0, end })];
}
