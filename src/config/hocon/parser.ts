import type { ConfigPosition } from '../layers.js';
import { joinKey, splitKey } from '../tree.js';
import type { Cursor } from './cursor.js';
import {
  type Assignment,
  assign,
  type HoconNode,
  type ListNode,
  mergeInto,
  newObject,
  type ObjectNode,
  type ReferenceNode,
  scalar,
} from './nodes.js';
import { readQuoted, readWord } from './scalars.js';

/** Nesting beyond this is a mistake or an attack, not a configuration. */
const MAX_DEPTH = 200;

/** What to put in place of an include statement; `undefined` when the file is missing and may be. */
export type Includer = (request: IncludeRequest) => ObjectNode | ListNode | undefined;

export interface IncludeRequest {
  form: 'file' | 'url';
  target: string;
  required: boolean;
  /** Key under which the included text is placed. */
  base: readonly string[];
  cursor: Cursor;
  /** Where the statement begins. */
  at: number;
}

/** A part of a key without quotes; it may hold blanks. */
const KEY_WORD = /[\p{L}\p{M}\p{N}_\-/]+(?:[^\S\n]+[\p{L}\p{M}\p{N}_\-/]+)*/uy;
const CONTINUATION = /\\[\r\n]+[^\S\n]*/y;
const SUBSTITUTION = /\$\{(\?)?\s*([^}\n]*?)\s*\}/y;
const INCLUDE = /include(?:[^\S\n]+|(?="))(required\(\s*)?(?:(file|url)\(\s*)?(?=")/y;
/** The next line begins another field, so a key without a value before it is empty. */
const NEXT_FIELD = /(?:"[^"\n]*"|[^\s"{}[\]:=,+#$^`?!@*&\\]+)[^\S\n]*(?:=|\+=|\{|:(?=\s|$))/y;

/** The text of a number that JavaScript would write differently. */
function writtenNumber(node: HoconNode): { written?: string } {
  if (node.kind !== 'scalar' || typeof node.value !== 'number') return {};
  return node.written === String(node.value) ? {} : { written: node.written };
}

/** Reads the grammar; substitutions stay in the nodes, the line of each key goes to `positions`. */
export class Parser {
  readonly #cursor: Cursor;
  readonly #positions: Map<string, ConfigPosition>;
  readonly #include: Includer;
  /** The key under which this text is included. */
  readonly #base: readonly string[];
  #depth = 0;

  constructor(
    cursor: Cursor,
    positions: Map<string, ConfigPosition>,
    include: Includer,
    base: readonly string[] = [],
  ) {
    this.#base = base;
    this.#cursor = cursor;
    this.#positions = positions;
    this.#include = include;
  }

  /** A whole document, with or without its outer braces. */
  document(): ObjectNode | ListNode {
    const cursor = this.#cursor;
    const base = this.#base;
    cursor.skipLines();
    const start = cursor.char;
    const root =
      start === '[' ? this.#list(base) : start === '{' ? this.#object(base) : this.#fields(base, '');
    this.#skipSeparators();
    if (!cursor.done) cursor.fail('the end of the text');
    return root;
  }

  /** `{ … }`, at its opening brace. */
  #object(base: readonly string[]): ObjectNode {
    this.#cursor.at += 1;
    return this.#nested(() => this.#fields(base, '}'));
  }

  #fields(base: readonly string[], closing: '}' | ''): ObjectNode {
    const cursor = this.#cursor;
    const object = newObject();
    for (;;) {
      this.#skipSeparators();
      if (closing !== '' && cursor.take(closing)) return object;
      if (cursor.done) return closing === '' ? object : cursor.fail(`'${closing}'`);
      const included = this.#included(base);
      if (included === undefined) this.#field(object, base);
      else if (included.kind === 'object') mergeInto(object, included);
      else cursor.fail('an object in the included file');
      this.#endOfEntry(closing);
    }
  }

  #field(object: ObjectNode, base: readonly string[]): void {
    const cursor = this.#cursor;
    const start = cursor.at;
    const path = this.#key();
    const full = [...base, ...path];
    const assignment = this.#assignment(full);
    const { file, line } = cursor.place(start);
    this.#positions.set(joinKey(full), { file, line, ...writtenNumber(assignment.value) });
    assign(object, path, assignment);
  }

  #key(): string[] {
    const cursor = this.#cursor;
    const path: string[] = [];
    do {
      cursor.takeBlanks();
      const word = cursor.char === '"' ? readQuoted(cursor) : cursor.match(KEY_WORD)?.[0];
      if (word !== undefined) path.push(word);
      if (path.length > MAX_DEPTH) cursor.fail(`at most ${MAX_DEPTH} parts of a key`);
      cursor.takeBlanks();
    } while (cursor.take('.'));
    return path.length === 0 ? cursor.fail('a key') : path;
  }

  #assignment(base: readonly string[]): Assignment {
    const cursor = this.#cursor;
    const end = cursor.at;
    if (cursor.char !== ':' && cursor.char !== '=' && cursor.char !== '+') cursor.skipLines();
    if (cursor.char === '{') return { value: this.#value(base), append: false };
    const append = cursor.take('+=');
    if (!append && !cursor.take(':') && !cursor.take('='))
      cursor.fail("':', '=', '+=' or '{' after the key", end);
    cursor.takeBlanks();
    if (cursor.atLineEnd) {
      const lineEnd = cursor.at;
      cursor.skipLines();
      if (cursor.done || this.#fieldComesNext()) {
        cursor.at = lineEnd;
        return { value: scalar(''), append };
      }
    }
    return { value: this.#value(base), append };
  }

  #fieldComesNext(): boolean {
    const cursor = this.#cursor;
    const start = cursor.at;
    const found = cursor.char === '}' || cursor.match(NEXT_FIELD) !== undefined;
    cursor.at = start;
    return found;
  }

  /** One value, up to the end of its line or the separator after it; a backslash takes the next line in. */
  #value(base: readonly string[]): HoconNode {
    const cursor = this.#cursor;
    const place = cursor.place();
    const parts: HoconNode[] = [];
    for (;;) {
      const end = cursor.at;
      const blanks = cursor.takeBlanks();
      while (cursor.match(CONTINUATION) !== undefined);
      const part = cursor.atLineEnd || this.#fieldAfterObject(parts) ? undefined : this.#part(base);
      if (part === undefined) {
        cursor.at = end;
        break;
      }
      if (parts.length > 0 && blanks !== '') parts.push({ ...scalar(blanks), blank: true });
      parts.push(part);
    }
    const [only = scalar('')] = parts;
    return parts.length <= 1 ? only : { kind: 'join', parts, place };
  }

  /** `a { … } b: 1`: the next field may follow an object without a comma. */
  #fieldAfterObject(parts: readonly HoconNode[]): boolean {
    return parts.at(-1)?.kind === 'object' && !'{[$'.includes(this.#cursor.char);
  }

  /** A text, a number, a list, an object or a substitution; `undefined` when none of them is here. */
  #part(base: readonly string[]): HoconNode | undefined {
    const cursor = this.#cursor;
    switch (cursor.char) {
      case '"':
        return scalar(readQuoted(cursor));
      case '{':
        return this.#object(base);
      case '[':
        return this.#list(base);
      case '$':
        return this.#reference();
      default:
        return readWord(cursor);
    }
  }

  #reference(): ReferenceNode {
    const cursor = this.#cursor;
    const place = cursor.place();
    const found = cursor.match(SUBSTITUTION);
    if (found === undefined || found[2] === '')
      return cursor.fail('a value (a substitution is written ${key})');
    const path = splitKey(found[2] ?? '');
    return { kind: 'reference', path, optional: found[1] !== undefined, base: this.#base, place };
  }

  #list(base: readonly string[]): ListNode {
    const cursor = this.#cursor;
    cursor.at += 1;
    return this.#nested(() => {
      const items: HoconNode[] = [];
      for (;;) {
        this.#skipSeparators();
        if (cursor.take(']')) return { kind: 'list', items };
        if (cursor.done) return cursor.fail("']'");
        const start = cursor.at;
        const included = this.#included(base);
        if (included?.kind === 'list') items.push(...included.items);
        else items.push(included ?? this.#value([...base, String(items.length)]));
        // Nothing was read, and nothing ever would be.
        if (cursor.at === start) cursor.fail("a value or ']'");
        this.#endOfEntry(']');
      }
    });
  }

  #included(base: readonly string[]): ObjectNode | ListNode | undefined {
    const cursor = this.#cursor;
    const at = cursor.at;
    const found = cursor.sees('include') ? cursor.match(INCLUDE) : undefined;
    if (found === undefined) return undefined;
    const target = readQuoted(cursor);
    for (const bracket of [found[2], found[1]]) {
      cursor.takeBlanks();
      if (bracket !== undefined && !cursor.take(')')) cursor.fail("')'");
    }
    const form = found[2] === 'url' ? 'url' : 'file';
    return this.#include({ form, target, required: found[1] !== undefined, base, cursor, at }) ?? newObject();
  }

  #skipSeparators(): void {
    const cursor = this.#cursor;
    do cursor.skipLines();
    while (cursor.take(','));
  }

  #endOfEntry(closing: '}' | ']' | ''): void {
    const cursor = this.#cursor;
    const end = cursor.at;
    cursor.takeBlanks();
    if (cursor.atLineEnd || cursor.char === ',' || (closing !== '' && cursor.char === closing)) return;
    if (cursor.text[end - 1] === '}') return;
    cursor.fail(closing === '' ? 'a comma or a new line' : `a comma, a new line or '${closing}'`);
  }

  #nested<T>(read: () => T): T {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) this.#cursor.fail(`at most ${MAX_DEPTH} levels of nesting`);
    const value = read();
    this.#depth -= 1;
    return value;
  }
}
