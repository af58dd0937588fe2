import { AgentError } from '../../../errors.js';

/** Sunday first, as `Date.getDay` counts. */
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] as const;
export type Day = (typeof DAYS)[number];

/** Whole hours from `start` (0–23) up to, not including, `end` (1–24); an `end` below `start` is on the next day. */
export interface HourRange {
  start: number;
  end: number;
}

/** One entry of `agent.uptime` or `agent.downtime`. */
export interface ScheduleEntry {
  hours: HourRange[];
  /** Days on which the hours begin, in the order written. */
  days: Day[];
  /** Parts that mean nothing and were left out, each a line for the user. */
  ignored: string[];
}

const DAY_NUMBERS: ReadonlyMap<string, number> = new Map(DAYS.map((day, number) => [day, number]));
export const DAYS_FORM = 'expected days such as MON, SUN,TUE or MON-FRI';
export const HOURS_FORM = 'expected hours such as 17-20, 8-12,14-18 or 9 (from 9 to midnight)';

/**
 * Reads `"<hours> <days>"`. As in the original a part that means nothing is left out; what has no days or no
 * hours at all is refused.
 *
 * @param setting the flag or key that the entry stands in, for the error
 * @throws AgentError CONFIG_VALUE
 */
export function parseEntry(text: string, setting: string): ScheduleEntry {
  const match = /^(\S+)\s(\S.*)$/.exec(text.trimEnd());
  if (match === null) throw malformed(text, setting, `${HOURS_FORM}, one blank, then days`);
  const [, hours = '', rest = ''] = match;
  const { days, spare } = dayList(rest);
  const dayParts = days.map((part) => dayRange(part, text, setting));
  const hourParts = hours.split(',').map(hourRange);
  return {
    hours: hourParts.filter((part) => typeof part !== 'string'),
    days: dayParts.flatMap((part) => (typeof part === 'string' ? [] : part)),
    ignored: [...hourParts, ...dayParts, ...spare]
      .filter((part) => typeof part === 'string')
      .map((part) => `${setting} "${text}": ${part}`),
  };
}

/** Blanks after a comma belong to the list; words after the list do not. */
function dayList(text: string): { days: string[]; spare: string[] } {
  const joined = text.replace(/\s*,\s*/g, ',');
  const [list = '', ...words] = joined.split(/\s+/);
  const spare = words.length === 0 ? [] : [`"${words.join(' ')}" is left out, days are separated by commas`];
  return { days: list.split(','), spare };
}

function dayRange(part: string, text: string, setting: string): Day[] | string {
  const ends = part.toUpperCase().split('-');
  if (ends.length > 2) throw malformed(text, setting, `"${part}" has two dashes, ${DAYS_FORM}`);
  const [first, last] = ends.map((day) => DAY_NUMBERS.get(day));
  if (first === undefined || (ends.length === 2 && last === undefined)) {
    return `"${part}" is left out, ${DAYS_FORM}`;
  }
  const length = last === undefined ? 1 : ((last - first + 7) % 7) + 1;
  return Array.from({ length }, (_, at) => dayAt(first + at));
}

/** The day with this number, counted on over the end of the week. */
export function dayAt(number: number): Day {
  return DAYS[((number % 7) + 7) % 7] ?? 'SUN';
}

/** `17-20`; `17` is up to midnight; an end of 0 is midnight too. */
function hourRange(part: string): HourRange | string {
  const match = /^(\d+)(?:-(\d+))?$/.exec(part);
  const [start, end] = [Number(match?.[1]), Number(match?.[2] ?? 24) || 24];
  if (match === null || start > 23) return `"${part}" is left out, ${HOURS_FORM}`;
  return { start, end: Math.min(end, 24) };
}

function malformed(text: string, setting: string, expected: string): AgentError {
  return new AgentError('CONFIG_VALUE', `${setting}: the entry "${text}" is malformed: ${expected}`, {
    hint: 'An entry is hours and days with one blank between them, in quotes: "17-20 SUN,TUE".',
  });
}
