import { RE2JS } from 're2js';
import type { Backtracking } from './backtracking.js';
import { forJavaScript, forRe2, invalidPattern, type ReadPattern, readPattern } from './read-pattern.js';

/** A pattern of a client, searched anywhere in a text. */
export interface Pattern {
  test(text: string): boolean;
}

/** Longer ones, and longer texts, are matched on the other thread: RE2 takes the product of both. */
const MAX_PATTERN = 1000;
const MAX_TEXT = 10_000;
/** A counted repetition multiplies the size of an expression. */
const COUNTED = /\{\d/;
const FLAGS: Readonly<Record<string, number>> = {
  i: RE2JS.CASE_INSENSITIVE,
  m: RE2JS.MULTILINE,
  s: RE2JS.DOTALL,
};

/**
 * The patterns of one request. Most are matched at once, in a time that grows with the text only (RE2). Those that RE2
 * cannot run are matched on another thread: until `settle` has asked it about the texts seen, they match nothing, so the
 * request runs once more afterwards.
 */
export class Patterns {
  readonly #backtracking: Backtracking;
  readonly #slow = new Map<string, SlowPattern>();

  constructor(backtracking: Backtracking) {
    this.#backtracking = backtracking;
  }

  /** @throws ApiError 400/21 when the pattern is too long; what else is wrong may show in `settle` */
  compile(pattern: string, options: { ignoreCase?: boolean } = {}): Pattern {
    const read = readPattern(pattern, options.ignoreCase);
    const fast = compileRe2(read);
    const slow = () => this.#slowPattern(pattern, read);
    if (fast === undefined) return slow();
    return { test: (text) => (text.length > MAX_TEXT ? slow().test(text) : fast.test(text)) };
  }

  /** @throws UnsettledPatterns when texts wait for `settle`, so that what was found is not what matches */
  assertSettled(): void {
    if ([...this.#slow.values()].some((pattern) => pattern.waiting.size > 0)) throw new UnsettledPatterns();
  }

  /** @throws ApiError 400/21 for a pattern that is wrong or takes too long */
  async settle(): Promise<void> {
    for (const pattern of this.#slow.values()) {
      const texts = [...pattern.waiting];
      if (texts.length === 0) continue;
      const answer = await this.#backtracking.match(forJavaScript(pattern.read), texts);
      if ('failure' in answer) throw invalidPattern(pattern.text, answer.failure);
      pattern.learn(texts, answer.matches);
    }
  }

  #slowPattern(text: string, read: ReadPattern): SlowPattern {
    const key = `${read.flags}/${text}`;
    const pattern = this.#slow.get(key) ?? new SlowPattern(text, read);
    this.#slow.set(key, pattern);
    return pattern;
  }
}

/** The request runs again after `settle`. */
export class UnsettledPatterns extends Error {}

class SlowPattern implements Pattern {
  readonly text: string;
  readonly read: ReadPattern;
  /** The empty text shows whether the pattern is right, also where nothing is searched. */
  readonly waiting = new Set(['']);
  readonly #known = new Map<string, boolean>();

  constructor(text: string, read: ReadPattern) {
    this.text = text;
    this.read = read;
  }

  test(text: string): boolean {
    const known = this.#known.get(text);
    if (known === undefined) this.waiting.add(text);
    return known ?? false;
  }

  learn(texts: readonly string[], matches: readonly boolean[]): void {
    for (const [index, text] of texts.entries()) this.#known.set(text, matches[index] === true);
    this.waiting.clear();
  }
}

function compileRe2(read: ReadPattern): Pattern | undefined {
  if (read.source.length > MAX_PATTERN || COUNTED.test(read.source)) return undefined;
  const { source, flags } = forRe2(read);
  try {
    return RE2JS.compile(
      source,
      [...flags].reduce((all, flag) => all | (FLAGS[flag] ?? 0), 0),
    );
  } catch {
    return undefined;
  }
}
