import { setTimeout as sleep } from 'node:timers/promises';

export interface UntilOptions {
  /** For the error when it never comes true. */
  what: string;
  timeoutMs?: number;
  /** Added to the error. */
  context?: () => string;
}

/** Asks until there is an answer that is not empty. */
export async function until<T>(
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  { what, timeoutMs = 60_000, context }: UntilOptions,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}\n${context?.() ?? ''}`);
    await sleep(40);
  }
}
