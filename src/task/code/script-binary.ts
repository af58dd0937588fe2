/** What a task's code is run with. */
export type InterpreterKind = 'python' | 'shell';

const PYTHON = /^python/;
const SHELLS: ReadonlySet<string> = new Set(['bash', 'zsh', 'sh']);
const FALLBACK_SHELLS = ['/bin/bash', '/bin/sh'];

/** Kind of `script.binary`. Names that are neither count as Python; `known` is false for them. */
export function interpreterKind(binary: string | null | undefined): {
  kind: InterpreterKind;
  known: boolean;
} {
  const name = baseName(binary ?? '');
  if (SHELLS.has(name)) return { kind: 'shell', known: true };
  return { kind: 'python', known: name === '' || PYTHON.test(name) };
}

/**
 * `3.10` of `/usr/bin/python3.10.4`; `undefined` when the name has no minor version.
 *
 * @golden
 */
export function pythonVersion(binary: string | null | undefined): string | undefined {
  return /^python(\d+\.\d+)/.exec(baseName(binary ?? ''))?.[1];
}

/**
 * Shells to run a shell task with, the best first: the one that the task names, by the path of the user's own
 * shell when that is the same one; then whatever there is.
 */
export function shellCandidates(binary: string, env: Readonly<Record<string, string | undefined>>): string[] {
  const name = baseName(binary);
  const own = env.SHELL || undefined;
  const asked = binary.startsWith('/') ? [binary, `/bin/${name}`] : [`/bin/${name}`];
  const candidates = [
    ...(own !== undefined && baseName(own) === name ? [own] : []),
    ...asked,
    `/usr/bin/${name}`,
    ...(own === undefined ? [] : [own]),
    ...FALLBACK_SHELLS,
  ];
  return [...new Set(candidates)];
}

function baseName(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1);
}
