/** A metric in few digits. */
export function figure(value: number): string {
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e9) return String(value);
  return size !== 0 && (size < 1e-3 || size >= 1e7) ? value.toExponential(3) : value.toPrecision(5);
}

/** `1 worker`, `2 workers`. */
export function counted(count: number, one: string): string {
  return count === 1 ? `1 ${one}` : `${count} ${one}s`;
}
