import { randomInt } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import type { TaskContainer, TaskRecord } from '../../api/task-record.js';
import type { Config } from '../../config/config.js';
import { gpuVisibility } from '../../gpu/visibility.js';
import { ensureFolder, writeFileDurable } from '../../os/files.js';
import type { PlaceRequest } from '../driver.js';
import { forEngine } from './arguments/build-request.js';
import { readContainerRules } from './choice/container-rules.js';
import { chooseDefaultImage } from './choice/default-image.js';
import { type ContainerPlan, DockerDriver } from './docker-driver.js';
import { controlFolder } from './docker-ref.js';
import { Engine, type EngineFacts } from './engine.js';
import { amdNodes, hostAddress, usedPorts } from './machine-facts.js';
import { engineSees, readHostFolder } from './plan/host-mount.js';
import { type ContainerFacts, planContainer, type TrustFile } from './plan/plan-container.js';
import type { TemplateValues } from './template/resolve-template.js';

/** What only the daemon knows about a task when its container is planned. */
export interface ContainerTask {
  record: TaskRecord;
  /** The task's document as the server gave it. */
  document: unknown;
  /** Full name of its project; `undefined` when it cannot be seen. */
  projectName: string | undefined;
  /** Worker id of this run; in services mode each task has its own. */
  workerId: string;
  authToken?: string;
  /** Quoted for a shell. */
  workerTags?: string;
  serviceTask: boolean;
  /** Configuration file for the inside. */
  configText: string;
  /** The server's feature set is `advanced`. */
  advanced: boolean;
  /** Absent on servers before API 2.20. */
  templates?: TemplateValues;
  vaultVariables: readonly string[];
}

/** What planning a container found out that the server or the log must know. */
export interface ContainerOutcome {
  writeBack: TaskContainer | undefined;
  runtime: Readonly<Record<string, string>>;
  secrets: readonly string[];
}

export interface DockerSetup {
  config: Config;
  home: string;
  /** Words after `--docker`; `undefined` without any. */
  flag: readonly string[] | undefined;
  parentWorkerId: string;
  /** Ends all watching when the daemon leaves; containers run on. */
  signal: AbortSignal;
  describe(taskId: string, signal: AbortSignal): Promise<ContainerTask>;
  planned(taskId: string, outcome: ContainerOutcome): Promise<void>;
}

/** Where a route is looked up for the machine's own address, when nothing is configured. */
const ROUTE_TARGET = '8.8.8.8';

/**
 * Connects to the engine and makes the driver that plans every container from the configuration.
 *
 * @throws AgentError DOCKER_ENGINE, CONFIG_VALUE, DOCKER_ARGUMENT
 */
export async function createDockerDriver(setup: DockerSetup): Promise<DockerDriver> {
  const { config } = setup;
  const engine = await Engine.connect(config.env);
  const machine = { facts: await engine.facts(), address: await ownAddress(config), engine };
  const folder = readHostFolder(config);
  return new DockerDriver({
    engine,
    environment: config.env,
    signal: setup.signal,
    engineSees: (file) => engineSees(file, folder) ?? file,
    plan: (request) => planFor(setup, machine, request),
  });
}

interface Machine {
  engine: Engine;
  facts: EngineFacts;
  address: string | undefined;
}

async function planFor(setup: DockerSetup, machine: Machine, request: PlaceRequest): Promise<ContainerPlan> {
  const task = await setup.describe(request.taskId, request.signal);
  const configFile = path.join(controlFolder(request.runFolder), 'clearml.conf');
  const facts = await containerFacts(setup, machine, {
    task,
    configFile,
    warn: (text) => request.reporter.line(text, 'WARNING'),
  });
  const planned = planContainer(facts);
  await setup.planned(request.taskId, planned);
  await ensureFolder(path.dirname(configFile));
  // Any user of the image reads it; nobody else of this machine gets past the run's own folder.
  await writeFileDurable(configFile, task.configText, 0o644);
  for (const folder of planned.folders) await ensureFolder(folder);
  return {
    request: forEngine(planned.request, planned.options, machine.facts.apiVersion),
    pull: planned.pull,
    scripts: planned.scripts,
    notes: planned.notes,
  };
}

interface TaskParts {
  task: ContainerTask;
  configFile: string;
  warn(text: string): void;
}

async function containerFacts(
  setup: DockerSetup,
  machine: Machine,
  parts: TaskParts,
): Promise<ContainerFacts> {
  const { config, home } = setup;
  const { task, configFile } = parts;
  const folder = readHostFolder(config);
  const inKubernetes = config.env.KUBERNETES_SERVICE_HOST && config.env.KUBERNETES_PORT;
  const sibling =
    folder || inKubernetes ? { network: await machine.engine.networkOf(hostname()) } : undefined;
  const ssh = path.join(home, '.ssh');
  return {
    config,
    home,
    choice: {
      task: task.record,
      projectName: task.projectName,
      warn: parts.warn,
      default: chooseDefaultImage(config, setup.flag),
      rules: readContainerRules(config.value('agent.default_docker.match_rules')),
      rulesAvailable: task.advanced,
      updateBack: config.boolean('agent.default_docker.update_back_task'),
      defaultOnly: config.boolean('agent.disable_task_docker_override'),
    },
    document: task.document,
    advanced: task.advanced,
    taskId: task.record.id,
    workerId: task.workerId,
    parentWorkerId: setup.parentWorkerId,
    serviceTask: task.serviceTask,
    gpu: {
      visible: gpuVisibility({ env: config.env }).visible,
      skipFlag: config.variable('CLEARML_DOCKER_SKIP_GPUS_FLAG') !== undefined,
      podman: machine.facts.podman,
      amdNodes: amdNodes(),
    },
    configFile,
    gitFiles: ['.git-credentials', '.gitconfig'].map((name) => path.join(home, name)).filter(existsSync),
    trust: trustFiles(config.env),
    vaultVariables: config.boolean('agent.docker_apply_environment_from_vault') ? task.vaultVariables : [],
    sources: {
      env: config.env,
      folder: home,
      engineSocket: machine.engine.address.replace(/^unix:\/\//, ''),
      readText: (file) => readFileSync(path.resolve(home, file), 'utf8'),
    },
    usedPorts,
    hostAddress: () => machine.address,
    random: Array.from({ length: 32 }, () => String.fromCharCode(97 + randomInt(26))).join(''),
    engineSees: (file) => engineSees(file, folder),
    ...(existsSync(ssh) ? { sshFolder: ssh } : {}),
    ...(sibling === undefined ? {} : { sibling }),
    ...(task.authToken === undefined ? {} : { authToken: task.authToken }),
    ...(task.workerTags === undefined ? {} : { workerTags: task.workerTags }),
    ...(task.templates === undefined ? {} : { templates: task.templates }),
  };
}

/** Private certificate authorities: the variables that Python's libraries and curl read. */
const TRUST_VARIABLES = ['REQUESTS_CA_BUNDLE', 'SSL_CERT_FILE', 'CURL_CA_BUNDLE'];

function trustFiles(env: Config['env']): TrustFile[] {
  return TRUST_VARIABLES.flatMap((name) => {
    const file = env[name];
    return file && path.isAbsolute(file) && existsSync(file) ? [{ name, file }] : [];
  });
}

async function ownAddress(config: Config): Promise<string | undefined> {
  const forced = config.variable('CLEARML_AGENT_FORCE_HOST_MACHINE_IP');
  return forced ?? (await hostAddress(config.string('api.public_ip_ping') ?? ROUTE_TARGET));
}
