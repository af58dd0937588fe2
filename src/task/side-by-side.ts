import type { LogLevel, Reporter } from '../logs/reporter.js';

/** A piece of work that ends soon after its signal aborts. */
type Work<T> = (signal: AbortSignal) => Promise<T>;

/**
 * Does two things at once; the second may wait for the first. When one fails, the other is ended; the first
 * failure is the one that is thrown, after both have ended.
 */
export async function sideBySide<A, B>(
  signal: AbortSignal,
  first: Work<A>,
  second: (signal: AbortSignal, first: Promise<A>) => Promise<B>,
): Promise<[A, B]> {
  const ended = new AbortController();
  const both = AbortSignal.any([signal, ended.signal]);
  const failures: unknown[] = [];
  const guarded = async <T>(work: Work<T>): Promise<T> => {
    try {
      return await work(both);
    } catch (error) {
      failures.push(error);
      ended.abort(error);
      throw error;
    }
  };
  const begun = guarded(first);
  const [one, other] = await Promise.allSettled([begun, guarded((both) => second(both, begun))]);
  if (one.status === 'fulfilled' && other.status === 'fulfilled') return [one.value, other.value];
  throw failures[0];
}

/** Keeps what one of two phases says until the other one's part of the log is complete. */
export class HeldReporter implements Reporter {
  readonly #target: Reporter;
  #held: (() => void)[] | undefined = [];

  constructor(target: Reporter) {
    this.#target = target;
  }

  line(text: string, level?: LogLevel): void {
    this.#say(() => this.#target.line(text, level));
  }

  output(chunk: string): void {
    this.#say(() => this.#target.output(chunk));
  }

  /** Says all that was held, and from now on everything at once. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const say of held) say();
  }

  #say(say: () => void): void {
    if (this.#held === undefined) say();
    else this.#held.push(say);
  }
}
