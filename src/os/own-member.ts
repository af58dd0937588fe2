/**
 * The own value of a table for a key that comes from outside. A plain `table[key]` also finds what every object
 * inherits, such as `constructor`.
 */
export function ownMember<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
