import type { Place } from '../../drivers/driver.js';
import { AgentError } from '../../errors.js';
import { meets } from '../../packaging/version.js';

/** conda, or a program with the same commands. */
export interface CondaProgram {
  program: string;
  kind: 'conda' | 'micromamba';
  version: string;
}

const PROGRAMS = ['conda', 'mamba', 'micromamba'] as const;
const OLDEST = '4.3.30';

/** @throws AgentError ENVIRONMENT_CREATE when there is none, or it is too old */
export async function findConda(place: Place): Promise<CondaProgram> {
  for (const program of PROGRAMS) {
    const answer = await place.exec({ argv: [program, '--version'] }).catch(() => undefined);
    const version = /(\d+(?:\.\d+)+)/.exec(`${answer?.stdout ?? ''}${answer?.stderr ?? ''}`)?.[1];
    if (answer?.exitCode !== 0 || version === undefined) continue;
    if (program === 'conda' && !meets(version, ['>=', OLDEST])) {
      throw new AgentError(
        'ENVIRONMENT_CREATE',
        `conda ${version} is too old: ${OLDEST} or later is needed`,
        { hint: 'Update conda.' },
      );
    }
    return { program, kind: program === 'micromamba' ? 'micromamba' : 'conda', version };
  }
  throw new AgentError(
    'ENVIRONMENT_CREATE',
    `agent.package_manager.type is conda, and none of ${PROGRAMS.join(', ')} is on PATH`,
    {
      hint: 'Install conda or micromamba, or set agent.package_manager.type to pip.',
    },
  );
}

/** Arguments that make an environment with a Python and nothing else. */
export function createArguments(
  { program }: CondaProgram,
  prefix: string,
  python: string,
  channels: readonly string[],
): [string, ...string[]] {
  return [
    program,
    'create',
    '--yes',
    '--prefix',
    prefix,
    ...channels.flatMap((channel) => ['-c', channel]),
    `python=${python}`,
  ];
}

/** Arguments that install what an environment file lists. */
export function updateArguments(
  { program, kind }: CondaProgram,
  prefix: string,
  file: string,
): [string, ...string[]] {
  if (kind === 'micromamba') return [program, 'install', '--yes', '--prefix', prefix, '--file', file];
  return [program, 'env', 'update', '-p', prefix, '--file', file, '--quiet', '--json'];
}

/** Arguments before a command that is to run with the environment activated. */
export function runArguments({ program, kind }: CondaProgram, prefix: string): [string, ...string[]] {
  return kind === 'micromamba'
    ? [program, 'run', '--prefix', prefix]
    : [program, 'run', '--no-capture-output', '--prefix', prefix];
}
