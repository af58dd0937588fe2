import { access } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentError, causeLine, isAgentError } from '../../errors.js';
import type { DriverFinding } from '../module.js';
import { dockerAddress } from './connect/engine-address.js';
import { podmanSockets } from './connect/podman-service.js';
import { Engine } from './engine.js';
import { givesDevices } from './podman-request.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Podman needs seconds on a busy machine. */
const ANSWER_MS = 20_000;

/** Looks at the engine that `--docker` or `--podman` would take; never throws. */
export async function examineEngine(given: Env): Promise<DriverFinding[]> {
  try {
    const env = await engineEnvironment(given);
    if (env !== undefined) return await answered(Engine.connect(env).then(examine));
  } catch (error) {
    return [problem(causeLine(error), (isAgentError(error) && error.hint) || 'systemctl start docker')];
  }
  const fix = 'Install docker.io or podman.';
  return [warning('no container engine was found; tasks run in virtual environments', fix)];
}

/** The agent's environment, with the address of Podman's service in it where Docker is not there. */
async function engineEnvironment(env: Env): Promise<Env | undefined> {
  const { source, target } = dockerAddress(env);
  if (source !== '' || target.kind !== 'socket' || (await exists(target.path))) return env;
  for (const socket of podmanSockets(env, process.getuid?.() ?? 0))
    if (await exists(socket)) return { ...env, DOCKER_HOST: `unix://${socket}` };
  return undefined;
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
