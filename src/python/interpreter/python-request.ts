import path from 'node:path';
import { inRange, type PythonRange } from '../../packaging/python-range.js';
import type { InterpreterSettings } from '../settings.js';

/** Which interpreter is wanted, and who wants it. */
export interface PythonRequest {
  /** `3.8`, `3`; `undefined`: any Python 3. */
  version: string | undefined;
  /** A program to take as it is: a path, or a name on PATH. */
  program: string | undefined;
  /** For messages: "the task", "agent.default_python". */
  by: string;
  /** What the project of the task's repository allows besides. */
  range?: PythonRange;
}

const ANY: PythonRequest = { version: undefined, program: undefined, by: 'nothing in particular' };

/**
 * What the task's binary asks for wins over the configuration. Only the last part of its path counts
 * (`/usr/bin/python3.8` was a path on the machine where the task was made), and only major and minor.
 */
export function requestedPython(
  binary: string | null | undefined,
  settings: InterpreterSettings,
): PythonRequest {
  const version = settings.ignoreRequested ? undefined : versionOfBinary(binary);
  if (version !== undefined) return { version, program: undefined, by: 'the task' };
  if (settings.binary !== undefined) return configured(settings.binary);
  if (settings.defaultVersion === undefined) return ANY;
  return { version: shortVersion(settings.defaultVersion), program: undefined, by: 'agent.default_python' };
}

/** `python3.8` → `3.8`; `python` → `undefined`. */
export function versionOfBinary(binary: string | null | undefined): string | undefined {
  const name = (binary ?? '').trim().split(/[\\/]/).at(-1) ?? '';
  const match = /^python(\d+(?:\.\d+)?)/.exec(name);
  return match?.[1];
}

/** `3.8.10` → `3.8`. */
function shortVersion(version: string): string | undefined {
  return /^\d+(?:\.\d+)?/.exec(version.trim())?.[0];
}

/** True when version `3.10.4` is what `3.10` or `3` asks for; `3.1` does not ask for 3.10. */
export function satisfies(version: string, asked: string | undefined): boolean {
  if (asked === undefined) return !version.startsWith('2.');
  return version === asked || version.startsWith(`${asked}.`);
}

/** True when a version is what is asked for and allowed. */
export function accepts(
  { version: asked, range }: Pick<PythonRequest, 'version' | 'range'>,
  version: string,
): boolean {
  return satisfies(version, asked) && inRange(version, range);
}

/** True when some release of a minor version, `3.11`, may be what is asked for and allowed. */
export function mayAccept(request: Pick<PythonRequest, 'version' | 'range'>, minor: string): boolean {
  const named = (request.range?.alternatives ?? []).flat().map(([, version]) => version);
  const releases = [minor, `${minor}.${LATEST_PATCH}`, ...named.filter((one) => satisfies(one, minor))];
  return releases.some((version) => accepts(request, version));
}

/** Beyond the patches of any minor version. */
const LATEST_PATCH = 99;

/** For messages: `3.8`, `>=3.12`. */
export function describeVersion({ version, range }: PythonRequest): string | undefined {
  return version?.includes('.') === true ? version : (range?.text ?? version);
}

/**
 * Program names to look for on PATH, in order: where there are none by the first of them, those of all minor
 * versions, as patterns of a shell.
 */
export function programNames(request: PythonRequest): string[] {
  if (request.program !== undefined) return [request.program];
  const { version } = request;
  const names = version === undefined ? [] : [`python${version}`];
  const major = version?.split('.', 1)[0] ?? '3';
  const minors = [`python${major}.[0-9]`, `python${major}.[0-9][0-9]`];
  return [...new Set([...names, `python${major}`, 'python3', 'python', ...minors])];
}

function configured(binary: string): PythonRequest {
  return {
    version: undefined,
    program: path.isAbsolute(binary) ? binary : binary.trim(),
    by: 'agent.python_binary',
  };
}
