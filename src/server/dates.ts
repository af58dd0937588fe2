/** A time as the wire writes it: ISO 8601 with microseconds and an offset, always of the same length. */
export function isoDate(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '000+00:00');
}

/** Milliseconds of an ISO date; one without an offset is UTC. `undefined` when it is not a date. */
export function parseDate(text: string): number | undefined {
  const trimmed = text.trim();
  const hasTime = /\d[T ]\d/.test(trimmed);
  const hasOffset = /(?:Z|[+-]\d\d:?\d\d)$/i.test(trimmed);
  const value = Date.parse(hasTime && !hasOffset ? `${trimmed}Z` : trimmed);
  return Number.isNaN(value) ? undefined : value;
}
