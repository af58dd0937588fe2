export type Fields = Record<string, unknown>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a dotted path of objects and lists; a key may hold dots itself. */
export function at(value: unknown, dotted: string): unknown {
  return keysTo(value, dotted)?.reduce<unknown>((inner, key) => (inner as Fields)[key], value);
}

/** A copy with another value at a path that there is. */
export function withValueAt(value: unknown, dotted: string, replacement: unknown): unknown {
  const copy: unknown = structuredClone(value);
  const keys = keysTo(copy, dotted) ?? [];
  const last = keys.at(-1);
  const holder = keys.slice(0, -1).reduce<unknown>((inner, key) => (inner as Fields)[key], copy);
  if (last !== undefined) (holder as Fields)[last] = replacement;
  return copy;
}

function keysTo(value: unknown, dotted: string): string[] | undefined {
  if (dotted === '') return [];
  if (typeof value !== 'object' || value === null) return undefined;
  const parts = dotted.split('.');
  for (let length = 1; length <= parts.length; length += 1) {
    const key = parts.slice(0, length).join('.');
    const inner = (value as Fields)[key];
    const rest = inner === undefined ? undefined : keysTo(inner, parts.slice(length).join('.'));
    if (rest !== undefined) return [key, ...rest];
  }
  return undefined;
}

/** Whether one of some dotted patterns matches a path; `*` is any one key. */
export function isListed(patterns: readonly string[] | undefined, keys: readonly string[]): boolean {
  return (patterns ?? []).some((pattern) => {
    const source = pattern.split('.').map((part) => (part === '*' ? '[^.]+' : escaped(part)));
    return new RegExp(`^${source.join('\\.')}$`).test(keys.join('.'));
  });
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$*+?()[\]{}|]/g, '\\$&');
}
