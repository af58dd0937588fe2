import type { ConfigValue } from '../../../config/config.js';
import { nearest } from '../../../config/nearest.js';
import { isTree, member } from '../../../config/tree.js';
import type { Scalar } from './definition.js';
import type { Problems } from './problems.js';

/** Letters of a text, unless a field takes fewer. */
const MAX_TEXT = 100_000;
/** Names that would reach a prototype. */
const UNSAFE: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** One value of the file with its place. What is wrong with it is noted, and reading continues. */
export class Node {
  readonly value: ConfigValue | undefined;
  readonly path: readonly string[];
  readonly problems: Problems;

  constructor(value: ConfigValue | undefined, path: readonly string[], problems: Problems) {
    this.value = value;
    this.path = path;
    this.problems = problems;
  }

  get isMissing(): boolean {
    return this.value === undefined || this.value === null;
  }

  error(message: string): void {
    this.problems.error(this.path, message);
  }

  at(name: string): Node {
    const inner = isTree(this.value) ? member(this.value, name) : undefined;
    return new Node(inner, [...this.path, name], this.problems);
  }

  /** The members of an object by name. */
  members(): [string, Node][] {
    if (this.isMissing) return [];
    if (!isTree(this.value)) {
      this.expected('an object { … }');
      return [];
    }
    return Object.keys(this.value).flatMap((name): [string, Node][] => {
      if (!UNSAFE.has(name)) return [[name, this.at(name)]];
      this.at(name).error('expected another name, this one is reserved');
      return [];
    });
  }

  /** The items of a list. */
  items(): Node[] {
    if (this.isMissing) return [];
    if (Array.isArray(this.value))
      return this.value.map((item, index) => new Node(item, [...this.path, String(index)], this.problems));
    this.expected('a list [ … ]');
    return [];
  }

  /** A text; a number and a boolean as they are written. @param most letters; a longer text is an error and reads as none */
  text(most = MAX_TEXT): string | undefined {
    const scalar = this.scalar('a text');
    const text = scalar === undefined ? undefined : this.asText(scalar);
    if (text === undefined || text.length <= most) return text;
    this.error(`expected at most ${most} letters, found ${text.length}`);
    return undefined;
  }

  /** Must be there and not be empty. */
  requiredText(most = MAX_TEXT): string {
    const text = this.isMissing ? '' : this.text(most);
    if (text === '') this.error('expected a text, found none');
    return text ?? '';
  }

  /** One text, or several. */
  texts(): string[] {
    if (Array.isArray(this.value)) return this.items().flatMap((item) => item.text() ?? []);
    return this.text() === undefined ? [] : [this.text() ?? ''];
  }

  flag(otherwise: boolean): boolean {
    if (this.isMissing) return otherwise;
    if (typeof this.value === 'boolean') return this.value;
    this.expected('true or false');
    return otherwise;
  }

  number(otherwise: number): number {
    if (this.isMissing) return otherwise;
    if (typeof this.value === 'number') return this.value;
    this.expected('a number');
    return otherwise;
  }

  oneOf<const W extends string>(words: readonly W[]): W | undefined {
    if (this.isMissing) return undefined;
    const found = words.find((word) => word === this.value);
    if (found === undefined) this.expected(`one of ${words.join(', ')}`, words);
    return found;
  }

  scalar(expected = 'a text, a number or a boolean'): Scalar | undefined {
    const { value } = this;
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'object') return value;
    this.expected(expected);
    return undefined;
  }

  /** Python's spelling of booleans, numbers as the file has them. */
  asText(scalar: Scalar): string {
    if (typeof scalar === 'boolean') return scalar ? 'True' : 'False';
    return typeof scalar === 'number' ? (this.problems.written(this.path) ?? String(scalar)) : scalar;
  }

  /** Warns about members that have no meaning here. */
  only(known: readonly string[]): void {
    for (const [name, inner] of this.members()) {
      if (known.includes(name)) continue;
      const meant = nearest(name, known);
      const hint = meant === undefined ? '' : `; "${meant}" may be meant`;
      this.problems.warn(inner.path, `this field has no effect${hint}`);
    }
  }

  expected(what: string, words: readonly string[] = []): void {
    const meant = typeof this.value === 'string' ? nearest(this.value, words) : undefined;
    const hint = meant === undefined ? '' : `; "${meant}" may be meant`;
    this.error(`expected ${what}, found ${shown(this.value)}${hint}`);
  }
}

function shown(value: ConfigValue | undefined): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
