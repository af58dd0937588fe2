import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Place } from '../../drivers/driver.js';
import { ensureFolder, readTextIfThere, writeFileDurable } from '../../os/files.js';
import { programText } from '../../os/program-file.js';
import { CLEAN_ENVIRONMENT } from '../python-environment.js';
import type { Candidate } from './interpreter-candidates.js';

/** What an interpreter says of itself. */
export interface Probe {
  /** `3.11.7` */
  version: string;
  implementation: string;
  /** Path of the interpreter itself, links and shims left behind. */
  executable: string;
  prefix: string;
  basePrefix: string;
  /** `linux-x86_64` */
  platform: string;
  /** Tag of compiled modules, `cpython-311-x86_64-linux-gnu`. */
  abi: string;
  venv: boolean;
  ensurepip: boolean;
  virtualenv: boolean;
  /** Version of pip, if this interpreter has it. */
  pip: string | undefined;
  /** Folders that it imports from. */
  sysPath: string[];
}

export interface ProbeCache {
  /** Folder on the host for the answers; `undefined`: ask each time. */
  folder: string | undefined;
  /** Tells places apart that have different programs under the same paths. */
  scope: string;
}

const PROBE_TIMEOUT_MS = 30_000;

/** Asks a program what it is; `undefined` when it is no Python that works. */
export async function probe(
  place: Place,
  candidate: Candidate,
  cache: ProbeCache,
): Promise<Probe | undefined> {
  const key = createHash('sha256')
    .update(JSON.stringify([cache.scope, candidate.program, candidate.real, candidate.stamp]))
    .digest('hex');
  const file =
    cache.folder === undefined || candidate.stamp === ''
      ? undefined
      : path.join(cache.folder, `${key.slice(0, 24)}.json`);
  const known = file === undefined ? undefined : readProbe((await readTextIfThere(file)) ?? '');
  if (known !== undefined) return known;
  const found = await ask(place, candidate.program);
  if (file !== undefined && found !== undefined) {
    await ensureFolder(path.dirname(file));
    await writeFileDurable(file, JSON.stringify(found));
  }
  return found;
}

/** Asks the program itself. One that cannot start, fails or hangs is no answer. */
async function ask(place: Place, program: string): Promise<Probe | undefined> {
  const command = {
    argv: [program, '-E', '-s', '-c', programText('describe_interpreter.py', import.meta.url)],
    env: CLEAN_ENVIRONMENT,
  } as const;
  const result = await place.exec(command, { timeoutMs: PROBE_TIMEOUT_MS }).catch(() => undefined);
  return result?.exitCode === 0 ? readProbe(result.stdout) : undefined;
}

/** The answer is the last line: a start-up file of the user may print before it. */
function readProbe(text: string): Probe | undefined {
  const line = text.trimEnd().split('\n').at(-1) ?? '';
  try {
    const value: Partial<Probe> = JSON.parse(line);
    if (
      typeof value.version !== 'string' ||
      typeof value.executable !== 'string' ||
      !Array.isArray(value.sysPath)
    )
      return undefined;
    return {
      ...EMPTY,
      ...value,
      pip: value.pip ?? undefined,
      version: value.version,
      executable: value.executable,
      sysPath: value.sysPath,
    };
  } catch {
    return undefined;
  }
}

const EMPTY = {
  implementation: '',
  prefix: '',
  basePrefix: '',
  platform: '',
  abi: '',
  venv: false,
  ensurepip: false,
  virtualenv: false,
};
