import type { Place } from '../../drivers/driver.js';
import { causeLine } from '../../errors.js';
import { meetsAll, versionParts } from '../../packaging/version.js';
import { uvFromHost } from '../containers/container-uv.js';
import type { EnvironmentJob } from '../environment-job.js';
import { installTool } from './python-tool.js';
import type { UvProgram } from './uv-installer.js';

/**
 * The uv of the place, or in a container a copy of this machine's. Where there is none of the version asked for and the configuration wants uv, it is
 * installed into a folder of its own; `undefined` when it is not wanted or cannot be installed.
 */
export async function obtainUv(job: EnvironmentJob): Promise<UvProgram | undefined> {
  const { request, interpreter } = job;
  const { settings, place } = request;
  const found = await findUv(place, settings.uv.binary, interpreter.program);
  const wanted = settings.uv.version;
  const good = (version: string): boolean => wanted === undefined || meetsAll(version, versionParts(wanted));
  if (found !== undefined && good(found.version)) return found;
  const brought = await uvFromHost(job, good);
  if (brought !== undefined) return brought;
  const allowed = settings.manager === 'uv' || settings.engine === 'uv' || wanted !== undefined;
  if (!allowed || request.offline === true) return found;
  return (await installUv(job, wanted ?? '')) ?? found;
}

/** Looks for a uv that runs: one that is named, PATH, the folders of its installers, beside the interpreter. */
export async function findUv(
  place: Place,
  named: string | undefined,
  interpreter: string,
): Promise<UvProgram | undefined> {
  const beside = interpreter.includes('/')
    ? [`${interpreter.slice(0, interpreter.lastIndexOf('/'))}/uv`]
    : [];
  const result = await place.exec({ argv: ['/bin/sh', '-c', SEARCH, 'sh', named ?? '', ...beside] });
  for (const program of new Set(result.stdout.split('\n').filter((line) => line !== ''))) {
    const found = await uvAt(place, program);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function uvAt(place: Place, program: string): Promise<UvProgram | undefined> {
  const answer = await place.exec({ argv: [program, '--version'] }).catch(() => undefined);
  const version = /^uv (\d+\.\d+\.\d+)/.exec(answer?.stdout ?? '')?.[1];
  return answer?.exitCode === 0 && version !== undefined ? { program, version } : undefined;
}

/** A task does without uv where it cannot be installed. */
async function installUv(job: EnvironmentJob, wanted: string): Promise<UvProgram | undefined> {
  const specifier = `uv${wanted === '' || /^[=~<>!]/.test(wanted) ? wanted : `==${wanted}`}`;
  try {
    const program = await installTool(job, { name: 'uv', specifier, interpreter: job.interpreter });
    return await uvAt(job.request.place, program);
  } catch (error) {
    job.request.signal.throwIfAborted();
    job.request.reporter.line(`${specifier} could not be installed: ${causeLine(error)}`, 'WARNING');
    return undefined;
  }
}

const SEARCH = `
named=$1
shift
if [ -n "$named" ]; then command -v -- "$named"; fi
command -v uv
for program in "$HOME/.local/bin/uv" "$HOME/.cargo/bin/uv" "$@"; do
  if [ -x "$program" ]; then printf '%s\\n' "$program"; fi
done
exit 0
`;
