import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Place } from '../drivers/driver.js';
import { ensureFolder } from '../os/files.js';
import { withLock } from '../os/lock.js';
import type { EnvironmentJob } from './environment-job.js';
import { CLEAN_ENVIRONMENT } from './python-environment.js';
import type { UvProgram } from './uv-installer.js';
import { matchesRule, parseRule } from './version.js';

/** How long another task may take to install uv. */
const INSTALL_TIMEOUT_MS = 300_000;

/**
 * The uv of this machine. Where there is none of the version asked for and the configuration wants uv, it is
 * installed into a folder of its own; `undefined` when it is not wanted or cannot be had.
 */
export async function obtainUv(job: EnvironmentJob): Promise<UvProgram | undefined> {
  const { request, interpreter } = job;
  const { settings, place } = request;
  const found = await findUv(place, settings.uv.binary, interpreter.program);
  const wanted = settings.uv.version;
  if (found !== undefined && (wanted === undefined || fits(found.version, wanted))) return found;
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

function fits(version: string, wanted: string): boolean {
  return wanted.split(',').every((part) => {
    const rule = parseRule(part);
    return rule === undefined || matchesRule(version, rule);
  });
}

/** Installs uv by pip, on this machine once for all tasks, in a container beside the environment. */
async function installUv(job: EnvironmentJob, wanted: string): Promise<UvProgram | undefined> {
  const { place, cacheFolder, target, reporter, signal } = job.request;
  const specifier = `uv${wanted === '' || /^[=~<>!]/.test(wanted) ? wanted : `==${wanted}`}`;
  if (place.kind !== 'local') return installInto(job, specifier, `${target}_uv`);
  const folder = path.join(cacheFolder, 'tools', specifier.replace(/[^\w.-]+/g, '_'));
  const known = await uvAt(place, path.join(folder, 'bin', 'uv'));
  if (known !== undefined) return known;
  await ensureFolder(path.dirname(folder));
  const lock = {
    timeoutMs: INSTALL_TIMEOUT_MS,
    signal,
    what: 'the installation of uv',
    onWait: () => reporter.line('Waiting for another task that installs uv'),
  };
  return withLock(`${folder}.lock`, lock, async () => {
    const there = await uvAt(place, path.join(folder, 'bin', 'uv'));
    if (there !== undefined) return there;
    await rm(folder, { recursive: true, force: true });
    const made = await installInto(job, specifier, `${folder}.new`);
    if (made === undefined) return undefined;
    await rename(`${folder}.new`, folder);
    return uvAt(place, path.join(folder, 'bin', 'uv'));
  });
}

/** `pip install --prefix` brings the program without an environment of its own. */
async function installInto(
  job: EnvironmentJob,
  specifier: string,
  folder: string,
): Promise<UvProgram | undefined> {
  const { place, reporter, signal, toolEnvironment } = job.request;
  const inside = place.inside(folder);
  await rm(folder, { recursive: true, force: true });
  const result = await place.exec(
    {
      argv: [
        job.interpreter.program,
        '-m',
        'pip',
        'install',
        '--quiet',
        '--no-deps',
        '--ignore-installed',
        '--prefix',
        inside,
        specifier,
      ],
      env: { ...CLEAN_ENVIRONMENT, ...toolEnvironment, PIP_BREAK_SYSTEM_PACKAGES: '1' },
    },
    { signal },
  );
  const made =
    result.exitCode === 0
      ? ((await uvAt(place, `${inside}/bin/uv`)) ?? (await uvAt(place, `${inside}/local/bin/uv`)))
      : undefined;
  if (made === undefined)
    reporter.line(`uv could not be installed (${result.stderr.trim().split('\n').at(-1) ?? ''})`, 'WARNING');
  return made;
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
