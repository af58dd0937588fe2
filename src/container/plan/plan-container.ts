import path from 'node:path';
import type { TaskContainer } from '../../api/task-record.js';
import type { Config } from '../../config/config.js';
import { buildRequest } from '../arguments/build-request.js';
import { filterArguments } from '../arguments/filter-arguments.js';
import { optionsOf, parseArguments } from '../arguments/parse-arguments.js';
import { renderRunLine } from '../arguments/render-run-line.js';
import { splitElements } from '../arguments/split-elements.js';
import { type ChoiceFacts, chooseContainer } from '../choice/choose-container.js';
import { containerName } from '../choice/container-name.js';
import { fieldAt, readRestartRule, restartPolicy } from '../choice/restart-policy.js';
import type { CreateRequest, OwnMount } from '../create-request.js';
import { type AskedByTask, checkPolicy, withLimits } from '../policy/check-policy.js';
import { readContainerPolicy } from '../policy/container-policy.js';
import { checkImageName } from '../policy/image-name.js';
import { isSecretName, resolveTemplates, type TemplateValues } from '../resolve-template.js';
import { limitWords } from '../resources/limit-words.js';
import type { ResourceShare } from '../resources/resource-words.js';
import type { GivenOption } from '../run-options/option.js';
import type { ArgumentSources, PullPolicy } from '../run-options/request-draft.js';
import type { SetupScript } from '../setup-scripts.js';
import { type ArgumentSettings, readArgumentSettings } from './argument-settings.js';
import { cacheMounts } from './container-mounts.js';
import { readNameSettings } from './container-settings.js';
import { type SshAccess, sshAccess } from './credentials.js';
import { type GpuFacts, gpuArguments } from './gpu-arguments.js';
import { type PlannedArguments, planArguments } from './plan-arguments.js';
import { podmanOptions } from './podman-options.js';
import { type HostMount, runWords } from './run-words.js';
import { type TrustFile, trustOf } from './trust.js';
import { credentialFolders, userScripts } from './user-scripts.js';

/** Everything that decides about the container of one task; plain data but for the look-ups. */
export interface ContainerFacts {
  config: Config;
  home: string;
  choice: ChoiceFacts;
  /** The task's document as the server gave it. */
  document: unknown;
  /** Values for `${CLEARML_…}`; absent on servers before API 2.20. */
  templates?: TemplateValues;
  /** The server's feature set is `advanced`. */
  advanced: boolean;
  taskId: string;
  workerId: string;
  parentWorkerId: string;
  authToken?: string;
  /** Quoted for a shell. */
  workerTags?: string;
  serviceTask: boolean;
  gpu: GpuFacts;
  /** `CLEARML_AGENT_GPU_FRACTIONS` */
  gpuFractions?: string;
  /** CPUs next to the GPUs of the task. */
  cpus?: string;
  /** Most that the task may use. */
  limits?: ResourceShare;
  sibling?: { network: string | undefined };
  /** Host file that becomes the container's configuration. */
  configFile: string;
  /** The ssh agent of `SSH_AUTH_SOCK` has ended. */
  sshAgentGone?: true;
  /** The user's ssh folder and git credential files, those that exist. */
  sshFolder?: string;
  gitFiles: readonly string[];
  /** Variables that name a file of trusted certificates, with that file. */
  trust: readonly TrustFile[];
  /** Variables of a vault for the container, `NAME=value`; they are not expanded. */
  vaultVariables: readonly string[];
  sources: ArgumentSources;
  usedPorts(): ReadonlySet<number>;
  hostAddress(): string | undefined;
  /** 32 random lower-case letters. */
  random: string;
  /** Where the engine finds a path of the agent; `undefined` for one that it cannot see. */
  engineSees(file: string): string | undefined;
}

export interface PlannedContainer {
  request: CreateRequest;
  /** For `forEngine`. */
  options: GivenOption[];
  pull: PullPolicy;
  scripts: SetupScript[];
  /** Lines for the task's log. */
  notes: string[];
  /** The `docker run` line that does the same, secrets masked. */
  runLine: string;
  writeBack: TaskContainer | undefined;
  /** Runtime properties to store in the task. */
  runtime: Readonly<Record<string, string>>;
  /** Values that must not show up in a log. */
  secrets: string[];
  /** Folders of the agent to make before the container. */
  folders: string[];
  /** Mounts among those of the request that the agent itself has added. */
  own: OwnMount[];
  /** The policy names the user of all containers. */
  unprivileged?: true;
}

const CONFIG_INSIDE = '/tmp/clearml.conf';

/**
 * Plans the container of a task.
 *
 * @throws AgentError DOCKER_ARGUMENT, DOCKER_POLICY, CONFIG_VALUE
 */
export function planContainer(facts: ContainerFacts): PlannedContainer {
  const { config } = facts;
  const chosen = chooseContainer(facts.choice);
  const settings = readArgumentSettings(config);
  const image = fill(facts, [chosen.image])[0] ?? chosen.image;
  checkImageName(image);
  const ssh = sshAccess(config, facts.sshAgentGone);
  // Before values are filled in, which may have blanks of their own.
  const ofTask = splitElements(chosen.arguments);
  const planned = argumentsOf(facts, ofTask, { settings, ssh });
  const trust = trustOf({ ...facts, files: facts.trust, words: planned.words });
  const mounts = mountsOf(facts, ssh, trust.mounts);
  const named = nameOf(facts);
  const policy = readContainerPolicy(config);
  const words = runWords({
    ...runIdentity(facts, trust.variables),
    limits: limitWords(facts.limits, planned.words, policy.memory),
    ...mounts,
    arguments: planned.words,
    image,
    extraLabels: fill(facts, settings.extraLabels),
    ...(named.name === undefined ? {} : { name: named.name }),
  });
  if (chosen.by !== 'default') checkPolicy(askedByTask(facts, image, fill(facts, ofTask)), policy);
  const built = requestOf(facts, words);
  const runLine = renderRunLine([...words, image], settings.hiding);
  const problems = [
    ...(named.problem === undefined ? [] : [`container name: ${named.problem}`]),
    ...(facts.sshAgentGone ? [agentGone(config, mounts.mounted.sshMounted)] : []),
  ];
  return {
    ...built,
    request: withLimits({ ...built.request, Image: image }, policy),
    pull: config.agent.dockerForcePull ? 'always' : built.pull,
    scripts: userScripts({ config, setupScript: chosen.setupScript, ...mounts.mounted }),
    notes: [...chosen.notes, ...planned.notes, ...mounts.notes, ...problems, runLine],
    runLine,
    writeBack: chosen.writeBack,
    runtime: planned.runtime,
    secrets: secretValues(built.request),
    folders: cacheMounts(config, facts.home).map(({ source }) => source),
    own: mounts.own,
    ...(policy.user === undefined ? {} : { unprivileged: true }),
  };
}

function argumentsOf(
  facts: ContainerFacts,
  ofTask: readonly string[],
  { settings, ssh }: { settings: ArgumentSettings; ssh: SshAccess },
): PlannedArguments {
  const extra = fill(facts, settings.extra);
  // The administrator learns which setting is wrong, not which task met it.
  optionsOf(parseArguments(extra), 'agent.extra_docker_arguments');
  return planArguments({
    task: fill(facts, ofTask),
    extra: [...extra, ...(ssh.kind === 'socket' ? ssh.arguments : [])],
    settings,
    env: facts.config.env,
    usedPorts: facts.usedPorts,
    hostAddress: facts.hostAddress,
  });
}

function fill({ templates }: ContainerFacts, words: readonly string[]): string[] {
  return templates === undefined ? [...words] : resolveTemplates(words, templates);
}

/** The create request of a whole `docker run` line. */
function requestOf(facts: ContainerFacts, words: readonly string[]) {
  const items = parseArguments(words.slice(['docker', 'run'].length));
  const options = optionsOf(
    facts.gpu.podman ? podmanOptions(items) : items,
    `container of task ${facts.taskId}`,
  );
  return { options, ...buildRequest(options, facts.sources) };
}

/** The default image and its arguments are the administrator's own choice, anything else is the task's. */
function askedByTask(facts: ContainerFacts, image: string, words: readonly string[]): AskedByTask {
  const allowed = filterArguments(parseArguments(words), readArgumentSettings(facts.config).filters);
  const options = optionsOf(allowed, `container of task ${facts.taskId}`);
  return {
    image,
    options,
    sources: facts.sources,
    request: () => buildRequest(options, facts.sources).request,
  };
}

function runIdentity(facts: ContainerFacts, trust: readonly string[]) {
  const { config, choice } = facts;
  const restart = hasRestarts(facts) ? restartOf(config, facts.document) : undefined;
  const skipVenv = config.variable('CLEARML_AGENT_SKIP_PIP_VENV_INSTALL');
  return {
    workerId: facts.workerId,
    parentWorkerId: facts.parentWorkerId,
    taskId: choice.task.id,
    serviceTask: facts.serviceTask,
    gpu: gpuArguments(facts.gpu),
    ...(facts.cpus === undefined ? {} : { cpus: facts.cpus }),
    variables: [...facts.vaultVariables, ...trust],
    ...(restart === undefined ? {} : { restart }),
    ...(facts.gpuFractions === undefined ? {} : { gpuFractions: facts.gpuFractions }),
    ...(skipVenv === undefined ? {} : { skipVenv }),
    ...(facts.authToken === undefined ? {} : { authToken: facts.authToken }),
    ...(facts.workerTags === undefined ? {} : { workerTags: facts.workerTags }),
    ...(facts.sibling === undefined ? {} : { sibling: facts.sibling }),
  };
}

/** Servers with applications: those of the advanced feature set, and those that give a task its application. */
function hasRestarts({ advanced, document }: ContainerFacts): boolean {
  return advanced || fieldAt(document, 'application').present;
}

function restartOf(config: Config, document: unknown): string | undefined {
  try {
    return restartPolicy(readRestartRule(config.variable('CLEARML_AGENT_SERVICES_DOCKER_RESTART')), document);
  } catch (error) {
    // As in the original, a policy that Docker does not have is as good as none.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function nameOf(facts: ContainerFacts): { name?: string; problem?: string } {
  const found = containerName({
    ...readNameSettings(facts.config),
    taskId: facts.taskId,
    workerId: facts.workerId,
    task: facts.document,
    random: facts.random,
  });
  return found.name === undefined
    ? found.problem === undefined
      ? {}
      : { problem: found.problem }
    : { name: found.name };
}

function mountsOf(facts: ContainerFacts, access: SshAccess, trust: readonly HostMount[]) {
  const { config, home } = facts;
  const { keys, gitFiles } = credentialFolders(config);
  const notes: string[] = [];
  const own: OwnMount[] = [];
  const seen = (mount: HostMount, cache = false): HostMount[] => {
    const source = facts.engineSees(mount.source);
    if (source === undefined) {
      notes.push(`${mount.source} is not mounted: the engine cannot see it`);
      return [];
    }
    own.push({ ...mount, source, file: mount.source, cache });
    return [{ ...mount, source }];
  };
  // Among the arguments, where the administrator's rules for these count.
  if (access.kind === 'socket')
    own.push({ file: access.socket, source: access.socket, target: access.socket });
  const ssh =
    access.kind === 'folder' && facts.sshFolder
      ? seen({ source: facts.sshFolder, target: keys, readOnly: true })
      : [];
  const gitMounts = facts.gitFiles.flatMap((source) =>
    seen({ source, target: `${gitFiles}/${path.basename(source)}`, readOnly: true }),
  );
  const caches = cacheMounts(config, home).flatMap((mount) => seen(mount, true));
  const source = facts.engineSees(facts.configFile) ?? facts.configFile;
  own.push({ file: facts.configFile, source, target: CONFIG_INSIDE });
  return {
    config: { source, target: CONFIG_INSIDE },
    mounts: [...ssh, ...caches, ...trust.flatMap((mount) => seen(mount))],
    gitFiles: gitMounts,
    mounted: { sshMounted: ssh.length > 0, gitFilesMounted: gitMounts.length > 0 },
    notes,
    own,
  };
}

function agentGone(config: Config, folder: boolean): string {
  const instead = folder ? 'the keys of ~/.ssh are mounted instead' : 'the container has no keys';
  return `no ssh agent answers at SSH_AUTH_SOCK=${config.variable('SSH_AUTH_SOCK')}: ${instead}`;
}

function secretValues({ Env = [] }: CreateRequest): string[] {
  return Env.flatMap((pair) => {
    const at = pair.indexOf('=');
    return at > 0 && isSecretName(pair.slice(0, at)) ? [pair.slice(at + 1)] : [];
  });
}
