import { ownMember } from '../../os/own-member.js';
import type { ConfigTree, ConfigValue, Environment } from '../config.js';
import { isTree, mergeTrees, setMember, valueAt } from '../tree.js';
import { syntaxError } from './cursor.js';
import { type JoinPart, joinParts } from './join.js';
import type { Assignment, HoconNode, JoinNode, ObjectNode, ReferenceNode } from './nodes.js';

/** A value that needs more substitutions, each within the one before, is a mistake. */
const MAX_CHAIN = 500;

/** Fills the substitutions of one document in, from the document itself and then from the environment. */
export class Resolver {
  readonly #root: HoconNode;
  readonly #env: Environment;
  /** Keys whose value is being made, with the number of the assignment that is at work. */
  readonly #open = new Map<Assignment[], number>();
  #depth = 0;
  readonly #made = new Map<Assignment[], ConfigValue | undefined>();

  constructor(root: HoconNode, env: Environment) {
    this.#root = root;
    this.#env = env;
  }

  /** @throws AgentError CONFIG_SYNTAX for a substitution without a value, and for a cycle */
  resolve(): ConfigValue {
    return this.#value(this.#root) ?? {};
  }

  #value(node: HoconNode): ConfigValue | undefined {
    switch (node.kind) {
      case 'scalar':
        return node.value;
      case 'list':
        return node.items.map((item) => this.#value(item)).filter((value) => value !== undefined);
      case 'object':
        return this.#object(node);
      case 'reference':
        return this.#reference(node);
      case 'join':
        return this.#join(node);
    }
  }

  #object(node: ObjectNode): ConfigTree {
    const tree: ConfigTree = {};
    for (const [key, history] of node.fields) {
      const value = this.#history(history);
      if (value !== undefined) setMember(tree, key, value);
    }
    return tree;
  }

  /** The value after all assignments of a key; while one of them is at work, the value before it. */
  #history(history: Assignment[]): ConfigValue | undefined {
    const open = this.#open.get(history);
    if (open !== undefined) return this.#valueAfter(history, open);
    if (this.#made.has(history)) return this.#made.get(history);
    const value = this.#valueAfter(history, history.length);
    this.#made.set(history, value);
    return value;
  }

  /** The value after the first `count` assignments; those that a later one replaces are never looked at. */
  #valueAfter(history: Assignment[], count: number): ConfigValue | undefined {
    const before = this.#open.get(history);
    const steps: { value: ConfigValue | undefined; append: boolean }[] = [];
    for (let i = count - 1; i >= 0; i -= 1) {
      const assignment = history[i];
      if (assignment === undefined) break;
      this.#open.set(history, i);
      const value = this.#value(assignment.value);
      steps.push({ value, append: assignment.append });
      if (value !== undefined && !isTree(value) && !assignment.append) break;
    }
    if (before === undefined) this.#open.delete(history);
    else this.#open.set(history, before);
    return steps.reduceRight<ConfigValue | undefined>(
      (lower, step) => combine(lower, step.value, step.append),
      undefined,
    );
  }

  #join(node: JoinNode): ConfigValue | undefined {
    const parts: JoinPart[] = [];
    let missing = false;
    for (const part of node.parts) {
      const value = this.#value(part);
      const blank = part.kind === 'scalar' && part.blank === true;
      // The blanks after a missing value go with it.
      if (value !== undefined && !(blank && missing)) {
        parts.push({ value, written: part.kind === 'scalar' ? part.written : writtenForm(value), blank });
      }
      missing = value === undefined;
    }
    return joinParts(parts, node.place);
  }

  #reference(node: ReferenceNode): ConfigValue | undefined {
    this.#depth += 1;
    if (this.#depth > MAX_CHAIN)
      throw syntaxError(node.place, `expected at most ${MAX_CHAIN} substitutions in a row, found more`);
    const value = this.#referred(node);
    this.#depth -= 1;
    return value;
  }

  #referred(node: ReferenceNode): ConfigValue | undefined {
    const places = node.base.length > 0 ? [[...node.base, ...node.path], node.path] : [node.path];
    for (const path of places) {
      const value = this.#lookup(this.#root, path);
      if (value !== undefined) return value;
    }
    const value = ownMember(this.#env, node.path.join('.'));
    if (value !== undefined || node.optional) return value;
    const name = node.path.join('.');
    throw syntaxError(
      node.place,
      `expected a value for \${${name}}, found no such key and no such environment variable`,
      shellHint(name) ?? `Define it, or write \${?${name}} where it may be missing.`,
    );
  }

  /** Goes down to the value without making more of the tree than it needs, so that siblings can refer to each other. */
  #lookup(node: HoconNode, path: readonly string[]): ConfigValue | undefined {
    const [key, ...rest] = path;
    if (key === undefined) return this.#value(node);
    if (node.kind !== 'object') {
      const value = this.#value(node);
      return isTree(value) ? valueAt(value, path) : undefined;
    }
    const history = node.fields.get(key);
    if (history === undefined) return undefined;
    const [only] = history;
    if (rest.length > 0 && history.length === 1 && only?.value.kind === 'object') {
      return this.#lookup(only.value, rest);
    }
    const value = this.#history(history);
    if (rest.length === 0) return value;
    return isTree(value) ? valueAt(value, rest) : undefined;
  }
}

/** How a filled-in value is written within a text; lists and objects never are. */
function writtenForm(value: ConfigValue): string {
  return typeof value === 'object' && value !== null ? '' : String(value);
}

/** A later assignment on an earlier one. */
function combine(
  before: ConfigValue | undefined,
  next: ConfigValue | undefined,
  append: boolean,
): ConfigValue | undefined {
  if (next === undefined) return before;
  if (isTree(before) && isTree(next)) return mergeTrees(before, next);
  if (!append || before === undefined || before === null) return next;
  if (Array.isArray(before)) return [...before, ...(Array.isArray(next) ? next : [next])];
  return typeof before === 'object' || typeof next === 'object' ? next : `${before} ${next}`;
}

/** `${VAR:-x}` and the like belong to shells and compose files. */
function shellHint(name: string): string | undefined {
  const [, variable, operator, word = ''] = /^(\w+)(:?[-=?+]|[%#/^,@])(.*)$/s.exec(name) ?? [];
  if (name.startsWith('#')) return 'This language has no lengths; only ${NAME} and ${?NAME} are filled in.';
  if (variable === undefined || operator === undefined) return undefined;
  if (/^:?[-=]$/.test(operator))
    return `Put the default on its own line before it: "key: ${word}", then "key: \${?${variable}}".`;
  if (/^:?\?$/.test(operator))
    return `\${${variable}} alone is an error already where ${variable} is missing.`;
  return `Only a shell reads "${operator}${word}" there; write \${${variable}} or \${?${variable}}.`;
}
