import { setTimeout as sleep } from 'node:timers/promises';
import { dockerAddress } from '../../drivers/docker/connect/engine-address.js';
import { podmanSockets } from '../../drivers/docker/connect/podman-service.js';
import { Engine } from '../../drivers/docker/engine.js';
import { givesDevices } from '../../drivers/docker/podman-request.js';
import { AgentError, causeLine, isAgentError } from '../../errors.js';
import { exists } from '../../os/files.js';
import { type Check, type DoctorContext, type Finding, ok, problem, warning } from './check.js';

/** Podman needs seconds on a busy machine. */
const ANSWER_MS = 20_000;

/** The engines that `--docker` and `--podman` would take. */
export const engineCheck: Check = {
  name: 'containers',
  title: 'Docker/Podman',
  async run(context): Promise<Finding[]> {
    try {
      const env = await engineEnvironment(context);
      if (env !== undefined) return await answered(Engine.connect(env).then(examine));
    } catch (error) {
      return [problem(causeLine(error), (isAgentError(error) && error.hint) || 'systemctl start docker')];
    }
    const fix = 'Install docker.io or podman.';
    return [warning('no container engine was found; tasks run in virtual environments', fix)];
  },
};

/** The agent's environment, with the address of Podman's service in it where Docker is not there. */
async function engineEnvironment({
  config,
}: DoctorContext): Promise<DoctorContext['config']['env'] | undefined> {
  const { env } = config;
  const { source, target } = dockerAddress(env);
  if (source !== '' || target.kind !== 'socket' || (await exists(target.path))) return env;
  for (const socket of podmanSockets(env, process.getuid?.() ?? 0))
    if (await exists(socket)) return { ...env, DOCKER_HOST: `unix://${socket}` };
  return undefined;
}

async function examine(engine: Engine): Promise<Finding[]> {
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
