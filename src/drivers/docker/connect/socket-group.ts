import { readFileSync, statSync } from 'node:fs';

/** Name of the group that owns a file, its number where it has no name; `undefined` when it cannot be seen. */
export function groupOf(file: string): string | undefined {
  try {
    const { gid } = statSync(file);
    const line = readFileSync('/etc/group', 'utf8')
      .split('\n')
      .find((text) => text.split(':')[2] === String(gid));
    return line?.split(':')[0] ?? String(gid);
  } catch {
    return undefined;
  }
}
