import { formsOf, isDistinct, secretLines } from './secret-forms.js';
import { type TextRange, TextSearch } from './text-search.js';

/** Replaces a secret. */
export const MASK = '********';
/** An address that is not complete is held back only up to this many characters. */
const LONGEST_OPEN_ADDRESS = 512;
/** A finished line is held back only where it ends with at least this much of a secret. */
const LEAST_ACROSS_LINES = 8;

/** What may come between the characters of a secret without a reader noticing: terminal sequences, controls, line ends. */
const INVISIBLE =
  /(?:\x1b(?:\[[0-9:;<=>?]*[ -/]*(?:[@-~]|$)|\][^\x07\x1b]*(?:\x07|\x1b\\|$)|[ -/]*(?:[0-Z\\^-~]|$))|[\x00-\x08\x0a-\x1f\x7f\u200b-\u200f\u2060\ufeff])+/g;
/** A text with any of these is searched without its invisible parts. Line ends alone are looked at one by one. */
const HAS_INVISIBLE = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u2060\ufeff]|\r(?!\n)/;
const LINE_END = /\r?\n/g;

interface Compiled {
  search: TextSearch;
  /** Short secrets and plain words, where a value is expected. */
  words: RegExp | undefined;
}

/**
 * Removes registered secrets, also in encoded forms, and passwords in addresses from text that leaves the agent.
 *
 * A run has a redactor of its own (`fork`): what is registered there is hidden in the run's log and in the agent's own,
 * not in the logs of other tasks, and is forgotten with the run (`end`).
 */
export class Redactor {
  readonly #forms = new Set<string>();
  readonly #words = new Set<string>();
  readonly #parent: Redactor | undefined;
  readonly #children = new Set<Redactor>();
  #compiled: Compiled | undefined;
  /** Of this one and those above: for all that came from it and register nothing of their own. */
  #shared: Compiled | undefined;

  constructor(secrets: Iterable<string | undefined> = [], parent?: Redactor) {
    this.#parent = parent;
    if (parent !== undefined) parent.#children.add(this);
    this.add(...secrets);
  }

  /** A redactor that also hides what this one does, now and later. */
  fork(): Redactor {
    return new Redactor([], this);
  }

  /** Forgets, in the redactor that it came from, what was registered here. */
  end(): void {
    if (this.#parent === undefined) return;
    this.#parent.#children.delete(this);
    this.#parent.#changed();
  }

  /** Each line of a secret of several lines, such as a private key, is a secret of its own. */
  add(...secrets: readonly (string | undefined)[]): void {
    for (const secret of secrets) {
      const lines = secretLines(secret ?? '');
      for (const line of lines) {
        if (!isDistinct(line, lines.length > 1)) this.#keep('words', line);
        else for (const form of formsOf(line)) this.#keep('forms', form);
      }
    }
    this.#changed();
  }

  /** What one above hides is hidden here, too. */
  #keep(kind: 'forms' | 'words', text: string): void {
    const has = (one: Redactor) => (kind === 'forms' ? one.#forms : one.#words).has(text);
    if (this.#above().some(has)) return;
    (kind === 'forms' ? this.#forms : this.#words).add(text);
  }

  redact(text: string): string {
    const { search, words } = this.#current();
    const hidden = mask(text, findAll(search, text));
    const plain = words === undefined ? hidden : hidden.replace(words, MASK);
    return plain.includes('://') ? plain.replace(/(:\/\/[^\s:/@]*:)[^\s/@]+(?=@)/g, `$1${MASK}`) : plain;
  }

  /**
   * How many characters at the end of a text may be the beginning of a secret, whose rest is still to come. A text that
   * ends with a line end counts as finished unless it ends with a good part of one.
   */
  unfinished(text: string): number {
    const { search } = this.#current();
    const tail = text.slice(-2 * (search.longest + LONGEST_OPEN_ADDRESS));
    const visible = visibleOf(tail);
    const begun = search.begun(visible.text);
    const ended = text.endsWith('\n');
    if (begun === 0 || (ended && begun < LEAST_ACROSS_LINES)) return ended ? 0 : openAddress(text);
    const kept = tail.length - (visible.at[visible.text.length - begun] ?? tail.length);
    return ended ? kept : Math.max(kept, openAddress(text));
  }

  #changed(): void {
    for (const one of this.#related()) {
      one.#compiled = undefined;
      one.#shared = undefined;
    }
  }

  #current(): Compiled {
    const adds = this.#forms.size + this.#words.size + this.#children.size > 0;
    if (this.#parent !== undefined && !adds) return this.#parent.#forThoseBelow();
    this.#compiled ??= Redactor.#compile(this.#related());
    return this.#compiled;
  }

  static #compile(related: readonly Redactor[]): Compiled {
    const search = new TextSearch(related.flatMap((one) => [...one.#forms]));
    return { search, words: wordPattern(related.flatMap((one) => [...one.#words])) };
  }

  #forThoseBelow(): Compiled {
    this.#shared ??= Redactor.#compile(this.#above());
    return this.#shared;
  }

  #above(): Redactor[] {
    return this.#parent === undefined ? [this] : [this, ...this.#parent.#above()];
  }

  /** This one, those it came from, and those that came from it: what it hides is registered there. */
  #related(): Redactor[] {
    return [...this.#above(), ...this.#below()];
  }

  #below(): Redactor[] {
    return [...this.#children].flatMap((child) => [child, ...child.#below()]);
  }
}

/** `password=admin`, `"password": "admin"`, `--password admin`, `user:admin@`. */
function wordPattern(words: readonly string[]): RegExp | undefined {
  if (words.length === 0) return undefined;
  const sorted = [...new Set(words)].sort((a, b) => b.length - a.length);
  const any = sorted.map((word) => word.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')).join('|');
  const before = `(?<=[=:]\\s?["']?|(?:pass|password|token|secret|key)\\s["']?)`;
  return new RegExp(`${before}(?:${any})(?=$|[\\s"'@&,;})\\]])`, 'gi');
}

function findAll(search: TextSearch, text: string): TextRange[] {
  const found = search.find(text);
  if (HAS_INVISIBLE.test(text)) return union([...found, ...findBetween(search, text)]);
  const across: TextRange[] = [];
  for (const { index, 0: gap } of text.matchAll(LINE_END)) {
    if (!search.mayCross(text, index, gap.length)) continue;
    const from = Math.max(index - 2 * search.longest, 0);
    const part = text.slice(from, index + 2 * search.longest);
    across.push(
      ...findBetween(search, part).map(({ start, end }) => ({ start: start + from, end: end + from })),
    );
  }
  return across.length === 0 ? found : union([...found, ...across]);
}

function findBetween(search: TextSearch, text: string): TextRange[] {
  const visible = visibleOf(text);
  return search.find(visible.text).map(({ start, end }) => ({
    start: visible.at[start] ?? 0,
    end: (visible.at[end - 1] ?? 0) + 1,
  }));
}

/** The text without its invisible parts, and where each of its units was. */
function visibleOf(text: string): { text: string; at: Uint32Array } {
  const at = new Uint32Array(text.length);
  const parts: string[] = [];
  let length = 0;
  const keep = (from: number, to: number): void => {
    parts.push(text.slice(from, to));
    for (let unit = from; unit < to; unit += 1) at[length++] = unit;
  };
  let from = 0;
  for (const { index, 0: invisible } of text.matchAll(INVISIBLE)) {
    keep(from, index);
    from = index + invisible.length;
  }
  keep(from, text.length);
  return { text: parts.join(''), at };
}

function union(ranges: readonly TextRange[]): TextRange[] {
  const sorted = [...ranges].sort((a, b) => a.start - b.start);
  return sorted.reduce<TextRange[]>((joined, next) => {
    const last = joined.at(-1);
    if (last === undefined || next.start >= last.end) joined.push({ ...next });
    else last.end = Math.max(last.end, next.end);
    return joined;
  }, []);
}

/** What was invisible inside a secret stays behind the mask, so colours end and lines stay lines. */
function mask(text: string, ranges: readonly TextRange[]): string {
  if (ranges.length === 0) return text;
  let from = 0;
  const parts = ranges.map(({ start, end }) => {
    const before = text.slice(from, start);
    from = end;
    return `${before}${MASK}${(text.slice(start, end).match(INVISIBLE) ?? []).join('')}`;
  });
  return parts.join('') + text.slice(from);
}

/** Characters from the last `://`, or its beginning, of a text that ends where a password may still come. */
function openAddress(text: string): number {
  const start = text.lastIndexOf('://');
  const isOpen = start >= 0 && !/[\s/@]/.test(text.slice(start + 3, start + LONGEST_OPEN_ADDRESS));
  if (isOpen && text.length - start < LONGEST_OPEN_ADDRESS) return text.length - start;
  return /:\/?$/.exec(text.slice(-2))?.[0].length ?? 0;
}
