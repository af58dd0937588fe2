/** A section of a vendor tool's report: texts and sections by name. */
export type Node = { readonly [name: string]: unknown };

/** Words that stand where a value is not known, supported or permitted. */
const NO_VALUE =
  /^\[?(n\/a|not supported|not available|unknown error|insufficient permissions|requested functionality.*|gpu is lost|gpu requires reset)\]?$/i;

/** The text at a dotted path, as it stands there. */
export function at(node: Node, path: string): unknown {
  let value: unknown = node;
  for (const name of path.split('.')) {
    value = isNode(value) ? value[name] : undefined;
  }
  return value;
}

/** The value as text; `undefined` when there is none or it says that there is none. */
export function text(node: Node, path: string): string | undefined {
  const value = at(node, path);
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const trimmed = String(value).trim();
  return trimmed === '' || NO_VALUE.test(trimmed) ? undefined : trimmed;
}

/** The number in front of its unit: `46068 MiB`, `27.4 W`, `3 %`, `-12 C`. */
export function number(node: Node, path: string): number | undefined {
  const match = /^[+-]?\d+(\.\d+)?/.exec(text(node, path) ?? '');
  return match === null ? undefined : Number(match[0]);
}

/** `Enabled` or `Disabled`. */
export function flag(node: Node, path: string): boolean | undefined {
  const value = text(node, path)?.toLowerCase();
  if (value === 'enabled') return true;
  return value === 'disabled' ? false : undefined;
}

export function section(node: Node, path: string): Node | undefined {
  const value = at(node, path);
  return isNode(value) ? value : undefined;
}

export function sections(node: Node, path: string): Node[] {
  const value = at(node, path);
  return Array.isArray(value) ? value.filter(isNode) : [];
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
