import type { Config } from '../../config/config.js';
import { forEngine } from '../../container/arguments/build-request.js';
import { controlFolder } from '../../container/layout.js';
import { engineSees, readHostFolder } from '../../container/plan/host-mount.js';
import { isAgentError } from '../../errors.js';
import { ensureFolder } from '../../os/files.js';
import type { ContainerMachine, ContainerSetup } from '../container/container-facts.js';
import { hostAddress } from '../container/machine-facts.js';
import { cacheGroupOf, planRequest, preparePlanned } from '../container/plan-request.js';
import type { PlaceRequest } from '../driver.js';
import { DEFAULT_SOCKET } from './connect/engine-address.js';
import type { ContainerPlan } from './containers/container-plan.js';
import { findOwnContainer } from './containers/own-container.js';
import { DockerDriver } from './docker-driver.js';
import { Engine, type EngineFacts } from './engine.js';
import { planBuild } from './image/build-plan.js';

/** What the agent gives its driver, and how the command line chose the engine. */
export interface DockerSetup extends ContainerSetup {
  engine: 'docker' | 'podman';
}

/** The machine with what its engine says of itself. */
interface EngineMachine extends ContainerMachine {
  facts: EngineFacts;
}

/** Of Docker 28. */
const CURRENT_API_VERSION = '1.48';

/**
 * Connects to the engine and makes the driver that plans every container from the configuration.
 *
 * @throws AgentError DOCKER_ENGINE, CONFIG_VALUE, DOCKER_ARGUMENT
 */
export async function createDockerDriver(setup: DockerSetup): Promise<DockerDriver> {
  const { config } = setup;
  const engine = await Engine.connect(config.env, setup.engine);
  if (engine.problem !== undefined) setup.warn(engine.problem);
  const machine = await machineOf(setup, engine);
  return new DockerDriver({
    engine,
    environment: config.env,
    signal: setup.signal,
    ...(machine.mounts.length === 0
      ? {}
      : { engineSees: (file) => engineSees(file, machine.mounts) ?? file }),
    plan: (request) => planFor(setup, machine, request),
  });
}

/**
 * The `docker run` line that a task's container is equal to, secrets masked. An engine that does not answer is
 * taken as one of today.
 *
 * @throws AgentError as the planning of the container does
 */
export async function previewContainer(setup: DockerSetup, request: PlaceRequest): Promise<string> {
  const engine = await Engine.connect(setup.config.env, setup.engine).catch((error: unknown) => {
    if (isAgentError(error, 'DOCKER_ENGINE')) return undefined;
    throw error;
  });
  const { task, planned } = await planRequest(
    setup,
    await machineOf(setup, engine),
    request,
    controlFolder(request.runFolder),
  );
  await setup.planned(task, planned);
  return planned.runLine;
}

async function machineOf(setup: DockerSetup, engine: Engine | undefined): Promise<EngineMachine> {
  const { env } = setup.config;
  const folder = readHostFolder(setup.config);
  const inKubernetes = Boolean(env.KUBERNETES_SERVICE_HOST && env.KUBERNETES_PORT);
  const isContainer = folder !== undefined || inKubernetes;
  const own = engine && isContainer ? await findOwnContainer(engine, folder) : undefined;
  const facts = (await engine?.facts()) ?? {
    apiVersion: CURRENT_API_VERSION,
    podman: setup.engine === 'podman',
    version: '',
    architecture: process.arch,
  };
  return {
    facts,
    podman: facts.podman,
    socket: engine?.socket ?? DEFAULT_SOCKET,
    hasGpus: (await setup.hasGpus()) || ((await engine?.handsOutNvidia()) ?? false),
    address: await ownAddress(setup.config),
    mounts: folder === undefined ? [] : [folder, ...(own?.mounts ?? [])],
    ...(isContainer ? { sibling: { network: own?.network } } : {}),
  };
}

async function planFor(
  setup: DockerSetup,
  machine: EngineMachine,
  request: PlaceRequest,
): Promise<ContainerPlan> {
  const ready = await planRequest(setup, machine, request, controlFolder(request.runFolder));
  const { task, planned } = ready;
  await preparePlanned(setup, ready);
  for (const folder of planned.folders) await ensureFolder(folder);
  const plan = {
    request: forEngine(planned.request, planned.options, machine.facts.apiVersion),
    pull: planned.pull,
    scripts: planned.scripts,
    notes: planned.notes,
    own: planned.own,
    ...cacheGroupOf(task),
    ...(planned.unprivileged ? { unprivileged: planned.unprivileged } : {}),
  };
  return setup.forImage ? planBuild(plan, controlFolder(request.runFolder)) : plan;
}

async function ownAddress(config: Config): Promise<string | undefined> {
  const forced = config.variable('CLEARML_AGENT_FORCE_HOST_MACHINE_IP');
  return forced ?? (await hostAddress(config.api.publicIpPing));
}
