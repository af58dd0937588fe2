/** The longest time of Node's timers, milliseconds: 24.8 days. They fire at once for a longer one. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;
