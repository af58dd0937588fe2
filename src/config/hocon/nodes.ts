import type { ConfigPosition } from '../layers.js';

/**
 * A document before its substitutions are filled in. Each key keeps every assignment in order, because
 * `${path}` inside a value may mean the value that the key had before.
 */
export type HoconNode = ScalarNode | ListNode | ObjectNode | ReferenceNode | JoinNode;

export interface ScalarNode {
  kind: 'scalar';
  value: string | number | boolean | null;
  /** The text as it was written, for joining with neighbours. */
  written: string;
  /** Blanks between two values. */
  blank?: true;
}

export interface ListNode {
  kind: 'list';
  items: HoconNode[];
}

export interface ObjectNode {
  kind: 'object';
  fields: Map<string, Assignment[]>;
}

/** `${path}` or `${?path}`. */
export interface ReferenceNode {
  kind: 'reference';
  path: string[];
  optional: boolean;
  /** Where an included file was included: its references are looked up there first. */
  base: readonly string[];
  place: ConfigPosition & { column: number };
}

/** Values next to each other; blanks between them are scalars of their own. */
export interface JoinNode {
  kind: 'join';
  parts: HoconNode[];
  place: ConfigPosition & { column: number };
}

export interface Assignment {
  value: HoconNode;
  /** Written with `+=`. */
  append: boolean;
}

export function newObject(): ObjectNode {
  return { kind: 'object', fields: new Map() };
}

export function scalar(value: ScalarNode['value'], written = String(value)): ScalarNode {
  return { kind: 'scalar', value, written };
}

/** Adds an assignment to a dotted key of an object; objects that follow each other become one. */
export function assign(object: ObjectNode, path: readonly string[], assignment: Assignment): void {
  const [key = '', ...rest] = path;
  const history = object.fields.get(key) ?? [];
  object.fields.set(key, history);
  const last = history.at(-1)?.value;
  if (rest.length > 0) {
    const inner = last?.kind === 'object' ? last : newObject();
    if (inner !== last) history.push({ value: inner, append: false });
    assign(inner, rest, assignment);
  } else if (last?.kind === 'object' && assignment.value.kind === 'object') {
    mergeInto(last, assignment.value);
  } else {
    history.push(assignment);
  }
}

/** Adds all fields of `from` to `object`, after those that are there. */
export function mergeInto(object: ObjectNode, from: ObjectNode): void {
  for (const [key, history] of from.fields) {
    for (const assignment of history) assign(object, [key], assignment);
  }
}
