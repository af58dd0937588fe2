import type { Place } from '../../drivers/driver.js';
import { programText } from '../../os/program-file.js';

/** A program that may be the interpreter wanted. Nothing of it has run yet. */
export interface Candidate {
  /** As it was found. */
  program: string;
  /** With symbolic links followed. */
  real: string;
  /** Changes when the file changes: time of change and size. */
  stamp: string;
  /** Found by its name on PATH; else in a folder of pyenv, uv or conda. */
  onPath: boolean;
}

export const PLACES_SEARCHED = 'PATH, pyenv, uv, conda';

/**
 * Lists programs by name in the order of PATH, then what pyenv, uv and conda have installed. A shim of pyenv
 * is a script that may run nothing or any version, so the program that it starts is listed instead.
 *
 * @throws AgentError COMMAND_MISSING when the place has no /bin/sh
 */
export async function listCandidates(
  place: Place,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<Candidate[]> {
  const result = await place.exec(
    { argv: ['/bin/sh', '-c', searchPrograms(), 'sh', ...names] },
    signal === undefined ? {} : { signal },
  );
  return readCandidates(result.stdout);
}

/** Two equal lists of programs, then their real paths, then their stamps, with a line `--` between. */
export function readCandidates(text: string): Candidate[] {
  const [programs = [], reals = [], stamps = []] = text
    .split(/^--\n/m)
    .map((part) => part.split('\n').slice(0, -1));
  return programs.map((line, at) => ({
    program: line.slice(2),
    real: reals[at] ?? line.slice(2),
    stamp: stamps[at] ?? '',
    onPath: line.startsWith('p'),
  }));
}

/** Names follow as the arguments of the shell. */
export function searchPrograms(): string {
  return programText('search-programs.sh', import.meta.url);
}
