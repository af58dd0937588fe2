import type { ConfigTree, ConfigValue } from './config.js';

export function isTree(value: ConfigValue | undefined): value is ConfigTree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Own members only, so that no key of a configuration reaches the prototype. */
export function member(tree: ConfigTree, key: string): ConfigValue | undefined {
  return Object.hasOwn(tree, key) ? tree[key] : undefined;
}

/** Assignment that treats `__proto__` as the plain key that it is in a configuration. */
export function setMember(tree: ConfigTree, key: string, value: ConfigValue): void {
  if (key === '__proto__') {
    Object.defineProperty(tree, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    tree[key] = value;
  }
}

export function valueAt(tree: ConfigTree, path: readonly string[]): ConfigValue | undefined {
  let at: ConfigValue | undefined = tree;
  for (const key of path) {
    if (!isTree(at)) return undefined;
    at = member(at, key);
  }
  return at;
}

/** Sets a value, making the trees on the way; what is there and is no tree is replaced. */
export function setAt(tree: ConfigTree, path: readonly string[], value: ConfigValue): void {
  let at = tree;
  for (const key of path.slice(0, -1)) {
    const next = member(at, key);
    if (isTree(next)) {
      at = next;
    } else {
      const made: ConfigTree = {};
      setMember(at, key, made);
      at = made;
    }
  }
  const last = path.at(-1);
  if (last !== undefined) setMember(at, last, value);
}

/** A tree with one value in it. */
export function treeOf(path: readonly string[], value: ConfigValue): ConfigTree {
  const tree: ConfigTree = {};
  setAt(tree, path, value);
  return tree;
}

/** `upper` over `lower`: trees merge at every depth, anything else replaces. Neither argument is changed. */
export function mergeTrees(lower: ConfigTree, upper: ConfigTree): ConfigTree {
  const merged: ConfigTree = { ...lower };
  for (const [key, value] of Object.entries(upper)) {
    const below = member(merged, key);
    setMember(merged, key, isTree(below) && isTree(value) ? mergeTrees(below, value) : value);
  }
  return merged;
}

/** `agent.venvs_cache.path` as its parts; a quoted part may hold dots: `hosts."a.b"`. */
export function splitKey(key: string): string[] {
  if (!key.includes('"')) return key.split('.');
  return [...key.matchAll(/"([^"]*)"|([^."]+)/g)].map((part) => part[1] ?? part[2] ?? '');
}

/** The inverse of `splitKey`. */
export function joinKey(path: readonly string[]): string {
  return path.map((part) => (part === '' || part.includes('.') ? `"${part}"` : part)).join('.');
}

/** Every value that is not a tree with members, with its path, in the tree's order. */
export function* leaves(tree: ConfigTree, above: readonly string[] = []): Generator<[string[], ConfigValue]> {
  for (const [key, value] of Object.entries(tree)) {
    const path = [...above, key];
    if (isTree(value) && Object.keys(value).length > 0) yield* leaves(value, path);
    else yield [path, value];
  }
}
