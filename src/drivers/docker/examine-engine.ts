import { access } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentError, causeLine, isAgentError } from '../../errors.js';
import type { DriverFinding } from '../module.js';
import { foundEngine } from './connect/found-engine.js';
import { Engine } from './engine.js';
import { givesDevices } from './podman-request.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Podman needs seconds on a busy machine. */
const ANSWER_MS = 20_000;

/** Looks at the engine that `--docker` or `--podman` would take; never throws. */
export async function examineEngine(given: Env): Promise<DriverFinding[]> {
  try {
    const env = await foundEngine(given);
    if (env !== undefined) return await answered(Engine.connect(env).then(examine));
  } catch (error) {
    return [problem(causeLine(error), (isAgentError(error) && error.hint) || 'systemctl start docker')];
  }
  const fix = 'Install docker.io or podman.';
  return [warning('no container engine was found; tasks run in virtual environments', fix)];
}

async function examine(engine: Engine): Promise<DriverFinding[]> {
  const { apiVersion, podman, version } = await engine.facts();
  const found = [
    ok(`${podman ? 'Podman' : 'Docker'}, API ${apiVersion}, at ${engine.address}`),
    ...(engine.problem === undefined ? [] : [warning(engine.problem, 'Mend the file or remove it.')]),
  ];
  // Only with an NVIDIA driver there are GPUs to give.
  if (!(await exists('/proc/driver/nvidia'))) return found;
  if (podman && givesDevices(version)) return found;
  if (!podman && (await engine.handsOutNvidia())) return [...found, ok('containers can be given GPUs')];
  const fix = podman
    ? 'Use Podman 5.4 or later, which reads CDI files (nvidia-ctk cdi generate).'
    : 'Install nvidia-container-toolkit and run "nvidia-ctk runtime configure" or "nvidia-ctk cdi generate".';
  return [...found, problem('containers cannot be given GPUs', fix)];
}

function answered<T>(work: Promise<T>): Promise<T> {
  const late = sleep(ANSWER_MS, undefined, { ref: false }).then(() => {
    throw new AgentError(
      'DOCKER_ENGINE',
      `the container engine gives no answer within ${ANSWER_MS / 1000} s`,
    );
  });
  return Promise.race([work, late]);
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

function ok(text: string): DriverFinding {
  return { state: 'ok', text };
}

function warning(text: string, fix: string): DriverFinding {
  return { state: 'warning', text, fix };
}

function problem(text: string, fix: string): DriverFinding {
  return { state: 'problem', text, fix };
}
