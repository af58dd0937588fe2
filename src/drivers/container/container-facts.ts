import { randomInt } from 'node:crypto';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../../config/config.js';
import { readContainerRules } from '../../container/choice/container-rules.js';
import { chooseDefaultImage } from '../../container/choice/default-image.js';
import { engineSees, type HostFolder } from '../../container/plan/host-mount.js';
import type { ContainerFacts } from '../../container/plan/plan-container.js';
import type { TrustFile } from '../../container/plan/trust.js';
import { gpuVisibility } from '../../gpu/visibility.js';
import { quoteWord } from '../../os/shell-words.js';
import type { PlaceTask } from '../driver.js';
import type { DriverHost, TaskDescription } from '../module.js';
import { amdNodes, usedPorts } from './machine-facts.js';

/** What the agent gives its driver, and the image for tasks that name none. */
export interface ContainerSetup extends DriverHost {
  /** Words after the flag that chose the driver. */
  flag: readonly string[];
}

/** What is known of the machine that runs containers. */
export interface ContainerMachine {
  podman: boolean;
  /** Where the engine listens. */
  socket: string;
  /** GPUs can be handed out, whether or not the agent itself sees them. */
  hasGpus: boolean;
  /** The machine's own address. */
  address: string | undefined;
  /** Folders of the machine that the agent's own container has; none where the agent is in no container. */
  mounts: readonly HostFolder[];
  /** The agent itself is in a container, with this network mode. */
  sibling?: { network: string | undefined };
}

export interface TaskParts {
  task: PlaceTask;
  described: TaskDescription;
  configFile: string;
  warn(text: string): void;
  sshAgentGone: boolean;
}

/** Puts together what decides about the container of one task. */
export function containerFacts(
  setup: ContainerSetup,
  machine: ContainerMachine,
  parts: TaskParts,
): ContainerFacts {
  const { home } = setup;
  const { task, described, configFile } = parts;
  const { config } = task;
  const [ssh, ...gitFiles] = setup.forImage ? [] : credentialFiles(home);
  return {
    config,
    home,
    choice: choiceFacts(setup, parts),
    document: described.document,
    advanced: described.advanced,
    taskId: task.record.id,
    workerId: task.workerId,
    parentWorkerId: setup.workerId,
    serviceTask: task.serviceTask,
    gpu: gpuFacts(config, machine),
    ...(task.gpuFractions === undefined ? {} : { gpuFractions: task.gpuFractions }),
    ...(task.cpus === undefined ? {} : { cpus: task.cpus }),
    ...(task.limits === undefined ? {} : { limits: task.limits }),
    configFile,
    gitFiles: gitFiles.filter(existsSync),
    trust: trustFiles(config.env),
    vaultVariables: config.agent.dockerApplyEnvironmentFromVault ? described.vaultVariables : [],
    sources: {
      env: config.env,
      folder: home,
      engineSocket: machine.socket,
      readText: (file) => readFileSync(path.resolve(home, file), 'utf8'),
      realPath,
    },
    usedPorts,
    hostAddress: () => machine.address,
    random: Array.from({ length: 32 }, () => String.fromCharCode(97 + randomInt(26))).join(''),
    engineSees: (file) => engineSees(file, machine.mounts),
    ...(ssh !== undefined && existsSync(ssh) ? { sshFolder: ssh } : {}),
    ...(parts.sshAgentGone ? { sshAgentGone: true } : {}),
    ...(machine.sibling === undefined ? {} : { sibling: machine.sibling }),
    ...(task.authToken === undefined ? {} : { authToken: task.authToken }),
    ...(task.workerTags.length === 0 ? {} : { workerTags: task.workerTags.map(quoteWord).join(' ') }),
    ...(described.templates === undefined ? {} : { templates: described.templates }),
  };
}

function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    const parent = path.dirname(file);
    return parent === file ? file : path.join(realPath(parent), path.basename(file));
  }
}

/** The folder for ssh, then the files of git. */
function credentialFiles(home: string): string[] {
  return ['.ssh', '.git-credentials', '.gitconfig'].map((name) => path.join(home, name));
}

function choiceFacts(setup: ContainerSetup, { task, described, warn }: TaskParts): ContainerFacts['choice'] {
  const { config } = task;
  return {
    task: task.record,
    projectName: described.projectName,
    warn,
    default: chooseDefaultImage(config, setup.flag),
    rules: readContainerRules(config.agent.defaultDocker.matchRules),
    rulesAvailable: described.advanced,
    updateBack: config.agent.defaultDocker.updateBackTask,
    defaultOnly: config.agent.disableTaskDockerOverride,
  };
}

function gpuFacts(config: Config, machine: ContainerMachine): ContainerFacts['gpu'] {
  return {
    // Where no setting names GPUs, a machine that has none gives none; when asked for them, the engine says so.
    visible: gpuVisibility({ env: config.env }).visible ?? (machine.hasGpus ? undefined : 'none'),
    skipFlag: config.variable('CLEARML_DOCKER_SKIP_GPUS_FLAG') !== undefined,
    podman: machine.podman,
    amdNodes: amdNodes(),
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
