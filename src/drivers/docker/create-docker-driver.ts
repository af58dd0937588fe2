import path from 'node:path';
import type { Config } from '../../config/config.js';
import { forEngine } from '../../container/arguments/build-request.js';
import { controlFolder } from '../../container/layout.js';
import { engineSees, readHostFolder } from '../../container/plan/host-mount.js';
import { type PlannedContainer, planContainer } from '../../container/plan/plan-container.js';
import { AgentError, isAgentError } from '../../errors.js';
import { ensureFolder, writeFileDurable } from '../../os/files.js';
import type { PlaceRequest, PlaceTask } from '../driver.js';
import type { DriverHost, TaskDescription } from '../module.js';
import { DEFAULT_SOCKET } from './connect/engine-address.js';
import { containerFacts, type EngineMachine } from './containers/container-facts.js';
import type { ContainerPlan } from './containers/container-plan.js';
import { findOwnContainer } from './containers/own-container.js';
import { DockerDriver } from './docker-driver.js';
import { Engine } from './engine.js';
import { planBuild } from './image/build-plan.js';
import { answersAt, hostAddress } from './machine-facts.js';

/** What the agent gives its driver, and how the command line chose the engine. */
export interface DockerSetup extends DriverHost {
  engine: 'docker' | 'podman';
  /** Words after the flag of the engine. */
  flag: readonly string[];
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
  const { task, planned } = await planRequest(setup, await machineOf(setup, engine), request);
  await setup.planned(task, planned);
  return planned.runLine;
}

async function machineOf(setup: DockerSetup, engine: Engine | undefined): Promise<EngineMachine> {
  const { env } = setup.config;
  const folder = readHostFolder(setup.config);
  const inKubernetes = Boolean(env.KUBERNETES_SERVICE_HOST && env.KUBERNETES_PORT);
  const isContainer = folder !== undefined || inKubernetes;
  const own = engine && isContainer ? await findOwnContainer(engine, folder) : undefined;
  return {
    facts: (await engine?.facts()) ?? {
      apiVersion: CURRENT_API_VERSION,
      podman: setup.engine === 'podman',
      version: '',
      architecture: process.arch,
    },
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
  const { task, planned, described, configFile } = await planRequest(setup, machine, request);
  await setup.planned(task, planned);
  await ensureFolder(path.dirname(configFile));
  // Any user of the image reads it; no other user of this machine gets past the run's own folder.
  await writeFileDurable(configFile, described.configText, 0o644);
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

/** The server notes the user of a task by his credentials; a task cannot name another. */
function cacheGroupOf({ config, record }: PlaceTask): Pick<ContainerPlan, 'cacheGroup'> {
  if (config.agent.dockerShareCachesBetweenUsers) return {};
  return { cacheGroup: record.user || `task-${record.id}` };
}

interface PlannedRequest {
  task: PlaceTask;
  described: TaskDescription;
  planned: PlannedContainer;
  configFile: string;
}

async function planRequest(
  setup: DockerSetup,
  machine: EngineMachine,
  { task, runFolder, reporter, signal }: PlaceRequest,
): Promise<PlannedRequest> {
  if (task === undefined) throw new AgentError('INTERNAL', 'a container is planned from a task');
  const described = await setup.describe(task, signal);
  const configFile = path.join(controlFolder(runFolder), 'clearml.conf');
  const warn = (text: string) => reporter.line(text, 'WARNING');
  const parts = { task, described, configFile, warn };
  const facts = containerFacts(setup, machine, {
    ...parts,
    sshAgentGone: await isAgentGone(task.config, machine),
  });
  return { task, described, planned: planContainer(facts), configFile };
}

/** An agent in a container does not see the sockets that the engine mounts. */
async function isAgentGone(config: Config, { sibling, mounts }: EngineMachine): Promise<boolean> {
  const socket = config.variable('SSH_AUTH_SOCK');
  if (socket === undefined || sibling !== undefined || mounts.length > 0) return false;
  return !(await answersAt(socket));
}

async function ownAddress(config: Config): Promise<string | undefined> {
  const forced = config.variable('CLEARML_AGENT_FORCE_HOST_MACHINE_IP');
  return forced ?? (await hostAddress(config.api.publicIpPing));
}
