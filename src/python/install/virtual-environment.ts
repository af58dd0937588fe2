import type { Place, PlaceCommand } from '../../drivers/driver.js';
import { AgentError } from '../../errors.js';
import type { Reporter } from '../../logs/reporter.js';
import type { Interpreter } from '../interpreter/interpreter.js';
import type { Probe } from '../interpreter/interpreter-probe.js';
import { CLEAN_ENVIRONMENT } from '../python-environment.js';

export interface VenvRequest {
  place: Place;
  interpreter: Interpreter;
  /** Path inside the place; nothing is there yet. */
  target: string;
  systemSitePackages: boolean;
  /** Packages are to be installed, or the task may call pip itself. */
  pip: 'needed' | 'welcome' | 'not needed';
  /** A uv program, where there is one. */
  uv: string | undefined;
  /** No index may be asked. */
  offline: boolean;
  /** For uv, which may ask an index for pip. */
  env: Readonly<Record<string, string | undefined>>;
  reporter: Reporter;
  signal: AbortSignal;
}

/** One way to make an environment. */
export interface VenvWay {
  name: string;
  argv: readonly [string, ...string[]];
  /** Whether pip is in the environment afterwards. */
  pip: boolean;
}

/** pip works on another environment (`--python`) from this version on. */
const PIP_FOR_OTHERS = [22, 3] as const;

/**
 * Makes an empty environment. Ways are tried in order; the log says what was done instead of the first.
 *
 * @throws AgentError ENVIRONMENT_CREATE with what is missing on the machine
 */
export async function createVenv(request: VenvRequest): Promise<VenvWay> {
  const { place, interpreter, reporter, signal } = request;
  const ways = venvWays(interpreter, request);
  const failures: string[] = [];
  for (const way of ways) {
    // uv obeys the settings of the project in the folder where it starts.
    const command: PlaceCommand = { argv: way.argv, cwd: '/', env: { ...request.env, ...CLEAN_ENVIRONMENT } };
    const result = await place.exec(command, { signal }).catch((error: unknown) => {
      signal.throwIfAborted();
      return { exitCode: -1, stdout: '', stderr: error instanceof Error ? error.message : String(error) };
    });
    if (result.exitCode === 0) {
      reporter.line(`Virtual environment made with ${way.name}${instead(way, interpreter.probe, failures)}`);
      return way;
    }
    failures.push(`${way.name}: ${lastWords(result.stderr || result.stdout)}`);
    await place.exec({ argv: ['rm', '-rf', '--', request.target] });
  }
  throw cannotCreate(interpreter, failures, request.pip === 'needed');
}

/** The ways that can work with what the interpreter has, best first. */
export function venvWays(
  interpreter: Interpreter,
  request: Pick<VenvRequest, 'target' | 'systemSitePackages' | 'pip' | 'uv' | 'offline'>,
): VenvWay[] {
  const { program, probe } = interpreter;
  const { uv } = request;
  const end = [...(request.systemSitePackages ? ['--system-site-packages'] : []), request.target];
  const way = (name: string, argv: [string, ...string[]], pip: boolean): VenvWay => ({
    name,
    argv: [...argv, ...end],
    pip,
  });
  const bare = way('venv', [program, '-m', 'venv', '--without-pip'], false);
  const byUv = (flag: string) => ['venv', '--no-project', '--quiet', flag, '--python', program];
  const ways: VenvWay[] = [];
  if (request.pip === 'not needed' && probe.venv) ways.push(bare);
  if (uv !== undefined && !request.offline) ways.push(way('uv venv', [uv, ...byUv('--seed')], true));
  if (probe.venv && probe.ensurepip) ways.push(way('venv', [program, '-m', 'venv'], true));
  if (probe.virtualenv) ways.push(way('virtualenv', [program, '-m', 'virtualenv', '--quiet'], true));
  ways.push(way('virtualenv', ['virtualenv', '--quiet', '--python', program], true));
  if (uv !== undefined) ways.push(way('uv venv', [uv, ...byUv('--offline')], false));
  const usable = request.pip !== 'needed' || uv !== undefined || pipServesOthers(probe);
  if (probe.venv && usable && !ways.includes(bare)) ways.push(bare);
  return ways;
}

/** True when the interpreter's pip can install into another environment. */
export function pipServesOthers(probe: Probe): boolean {
  if (probe.pip === undefined) return false;
  const [major = 0, minor = 0] = probe.pip.split('.').map(Number);
  return major > PIP_FOR_OTHERS[0] || (major === PIP_FOR_OTHERS[0] && minor >= PIP_FOR_OTHERS[1]);
}

function instead(way: VenvWay, probe: Probe, failures: readonly string[]): string {
  if (failures.length > 0 && !failures.every((failure) => failure.includes('ENOENT')))
    return `, because ${failures.join('; ')}`;
  if (probe.ensurepip || way.pip) return '';
  return `, without pip: Python ${probe.version} has no ensurepip`;
}

function cannotCreate(interpreter: Interpreter, failures: readonly string[], pipNeeded: boolean): AgentError {
  const { probe, program } = interpreter;
  const lacks = [
    ...(probe.venv ? [] : ['the module venv']),
    ...(probe.ensurepip ? [] : ['ensurepip']),
    ...(pipServesOthers(probe) ? [] : [`pip ${PIP_FOR_OTHERS.join('.')} or later`]),
  ];
  const missing =
    lacks.length > 0 && pipNeeded
      ? `: it lacks ${lacks.join(', ')}, and there is neither virtualenv nor uv`
      : '';
  return new AgentError(
    'ENVIRONMENT_CREATE',
    `Python ${probe.version} (${program}) cannot make a virtual environment${missing}`,
    {
      hint: `Install one of: python3-venv, python3-pip, virtualenv, uv (on Debian and Ubuntu: apt-get install python3-venv).`,
      ...(failures.length === 0 ? {} : { detail: failures.join('\n') }),
    },
  );
}

function lastWords(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() || 'no message';
}
