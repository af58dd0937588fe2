import { signal } from '@preact/signals';

/** The present, to a few seconds: all relative times follow it. */
const now = signal(Date.now());
setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 5000);

const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });

/** "3 min. ago"; the exact time as a tool tip. */
export function RelativeTime({ time }: { time: string | number | undefined | null }) {
  if (time === undefined || time === null || time === '') return <span class="faint">–</span>;
  const date = new Date(time);
  return (
    <time dateTime={date.toISOString()} title={date.toLocaleString()}>
      {relativeTo(date.getTime(), Math.max(now.value, Date.now()))}
    </time>
  );
}

function relativeTo(time: number, present: number): string {
  const seconds = Math.round((time - present) / 1000);
  for (const [unit, size] of UNITS)
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  return Math.abs(seconds) < 10 ? 'just now' : relative.format(seconds, 'second');
}

/** A length of time: `2 h 5 min`, `12.3 s`. */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** The length from a time until another, or until now; it grows while it is in sight. */
export function Elapsed({
  from,
  to,
}: {
  from: string | number | undefined | null;
  to?: string | number | undefined | null;
}) {
  if (from === undefined || from === null) return <span class="faint">–</span>;
  const end = to === undefined || to === null ? Math.max(now.value, Date.now()) : new Date(to).getTime();
  return <>{duration(Math.max(0, end - new Date(from).getTime()))}</>;
}
