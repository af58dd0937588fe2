/**
 * What a table has for a key that somebody else wrote. A plain `table[key]` also finds what every object inherits, such as
 * `constructor`.
 */
export function ownMember<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
