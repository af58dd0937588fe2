import { AgentError } from '../../errors.js';

/** Blanks within a line: everything that Unicode calls a space, the byte order mark, and stray carriage returns. */
const BLANKS = /[^\S\n]*/y;
/** Blanks, line ends and comments. */
const LINES = /(?:\s|#[^\n]*|\/\/[^\n]*)*/y;

/** A place in a text that is being read, and the errors about it. */
export class Cursor {
  at = 0;
  readonly text: string;
  readonly file: string;
  readonly #starts: number[] = [];

  constructor(text: string, file: string) {
    this.text = text;
    this.file = file;
  }

  get char(): string {
    return this.text[this.at] ?? '';
  }

  get done(): boolean {
    return this.at >= this.text.length;
  }

  sees(word: string): boolean {
    return this.text.startsWith(word, this.at);
  }

  /** Moves over `word` when it comes next. */
  take(word: string): boolean {
    const seen = this.sees(word);
    if (seen) this.at += word.length;
    return seen;
  }

  /** Moves over what a sticky expression matches here and returns it; `undefined` when it does not match. */
  match(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.at;
    const found = expression.exec(this.text);
    if (found === null) return undefined;
    this.at = expression.lastIndex;
    return found;
  }

  /** Blanks up to the next text or line end. */
  takeBlanks(): string {
    return this.match(BLANKS)?.[0] ?? '';
  }

  /** Blanks, line ends and comments. */
  skipLines(): void {
    this.match(LINES);
  }

  /** True at a line end, a comment or the end of the text. */
  get atLineEnd(): boolean {
    return this.done || this.char === '\n' || this.char === '#' || this.sees('//');
  }

  /** Line and column count from 1. */
  place(at = this.at): { file: string; line: number; column: number } {
    const starts = this.#lineStarts();
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    return { file: this.file, line: low + 1, column: at - (starts[low] ?? 0) + 1 };
  }

  /** @throws AgentError CONFIG_SYNTAX that names the place, what was expected and what came */
  fail(expected: string, at = this.at): never {
    throw syntaxError(this.place(at), `expected ${expected}, found ${this.#found(at)}`);
  }

  #lineStarts(): readonly number[] {
    if (this.#starts.length === 0) {
      this.#starts.push(0);
      for (let end = this.text.indexOf('\n'); end !== -1; end = this.text.indexOf('\n', end + 1)) {
        this.#starts.push(end + 1);
      }
    }
    return this.#starts;
  }

  #found(at: number): string {
    const char = this.text[at] ?? '';
    if (char === '') return 'the end of the text';
    return char === '\n' ? 'the end of the line' : `'${char}'`;
  }
}

export function syntaxError(
  place: { file: string; line: number; column: number },
  what: string,
  hint?: string,
): AgentError {
  return new AgentError('CONFIG_SYNTAX', `${place.file}:${place.line}:${place.column}: ${what}`, {
    ...(hint === undefined ? {} : { hint }),
  });
}
