const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** As Slurm writes times, and the forms with colons from the right; each part with its seconds. */
const FORMS: readonly [form: RegExp, seconds: readonly number[]][] = [
  [/^(\d{1,6})$/, [MINUTE]],
  [/^(\d{1,6}):(\d\d)$/, [MINUTE, 1]],
  [/^(\d{1,4}):(\d\d):(\d\d)$/, [HOUR, MINUTE, 1]],
  [/^(\d{1,3})-(\d\d?)(?::(\d\d))?(?::(\d\d))?$/, [DAY, HOUR, MINUTE, 1]],
  [/^(?:(\d{1,3})d)?(?:(\d{1,4})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?$/i, [DAY, HOUR, MINUTE, 1]],
];

/** What a time may look like, for messages. */
export const TIME_FORMS =
  'minutes, a time with its unit or days-hours:minutes:seconds, such as 90, 2h or 1-12:00:00';

/** @returns milliseconds; `undefined` for another text, and for no time at all */
export function readTimeLimit(text: string): number | undefined {
  for (const [form, seconds] of FORMS) {
    const parts = form.exec(text)?.slice(1);
    const total = parts?.reduce((sum, part, at) => sum + Number(part ?? 0) * (seconds[at] ?? 0), 0);
    if (total) return 1000 * total;
  }
  return undefined;
}

/** `1:30:00`, `2-00:00:00`; a part of a second counts as a whole one. */
export function writeTimeLimit(ms: number): string {
  const total = Math.ceil(ms / 1000);
  const days = Math.floor(total / DAY);
  const [hours = 0, ...rest] = [total % DAY, total % HOUR, total % MINUTE].map((left, at) =>
    Math.floor(left / ([HOUR, MINUTE, 1][at] ?? 1)),
  );
  const two = (part: number) => String(part).padStart(2, '0');
  const clock = [days > 0 ? two(hours) : String(hours), ...rest.map(two)].join(':');
  return days > 0 ? `${days}-${clock}` : clock;
}
