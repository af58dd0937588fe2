/** Characters that Podman reads as a pattern in the name of a label. */
const PATTERN = /[*?[\\]/;

/**
 * The filter as the engine is asked. Podman takes `name=` for any value and `*` for a pattern, so it is asked for names
 * alone; `hasLabels` then does what Docker's filter does.
 *
 * @param labels `name`, or `name=value` for this value and no other
 */
export function sentLabels(labels: readonly string[], podman: boolean): string[] {
  if (!podman) return [...labels];
  return labels.map((label) => label.split('=', 1)[0] ?? '').filter((name) => !PATTERN.test(name));
}

/** Whether a container has all of these labels, `name` with any value. */
export function hasLabels(have: Readonly<Record<string, string>>, wanted: readonly string[]): boolean {
  return wanted.every((label) => {
    const at = label.indexOf('=');
    return at < 0 ? Object.hasOwn(have, label) : have[label.slice(0, at)] === label.slice(at + 1);
  });
}
