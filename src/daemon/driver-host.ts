import path from 'node:path';
import type { TaskRecord } from '../api/task-record.js';
import type { Config } from '../config/config.js';
import { configuredEnvironment } from '../config/sections/environment-section.js';
import { joinKey } from '../config/tree.js';
import type { TemplateValues } from '../container/resolve-template.js';
import type { Driver, PlaceTask } from '../drivers/driver.js';
import type { DriverChoice, DriverHost, PlanOutcome, TaskDescription } from '../drivers/module.js';
import { DRIVERS, driverModule } from '../drivers/registry.js';
import { AgentError, causeLine } from '../errors.js';
import type { GpuReader } from '../gpu/gpu-reader.js';
import type { AgentLogger } from '../logs/logger.js';
import type { Redactor } from '../secrets/redactor.js';
import { containerConfigText } from '../task/container-config.js';
import type { Connection } from './connect.js';
import { ownVaults } from './effective-config.js';

export interface HostParts {
  choice: DriverChoice;
  config: Config;
  home: string;
  state: string;
  connection: Connection;
  /** Worker id of the daemon. */
  workerId: string;
  /** Report nothing about tasks to the server. */
  silent: boolean;
  /** Places become images. */
  forImage?: boolean;
  gpus: GpuReader;
  redactor: Redactor;
  logger: AgentLogger;
  signal: AbortSignal;
}

/** `${CLEARML_…}` in arguments came with this version of the API. */
const TEMPLATES_SINCE = '2.20';

/** The default driver, which runs of an earlier daemon may need, and the one that new tasks get. */
export async function openDrivers({
  choice,
  ...parts
}: Omit<HostParts, 'choice'> & { choice: DriverChoice | undefined }): Promise<{
  main: Driver;
  all: ReadonlyMap<string, Driver>;
}> {
  const [{ kind }] = DRIVERS;
  const own = await openDriver({ ...parts, choice: { kind, words: [] } });
  if (choice === undefined) return { main: own, all: new Map([[kind, own]]) };
  const main = await openDriver({ ...parts, choice });
  return {
    main,
    all: new Map([
      [kind, own],
      [main.kind, main],
    ]),
  };
}

/**
 * Opens the driver that the command line chose, with access to the server: planning a place reads from the server and
 * writes its findings back.
 *
 * @throws AgentError as the driver does
 */
export function openDriver(parts: HostParts): Promise<Driver> {
  return moduleOf(parts.choice).open(hostOf(parts), parts.choice);
}

/**
 * The command line that runs a task as the driver does; nothing is created or reported.
 *
 * @throws AgentError USAGE for a driver that has no such line, and as the planning of a place does
 */
export async function previewRunLine(
  parts: Omit<HostParts, 'signal' | 'silent'>,
  record: TaskRecord,
): Promise<string> {
  const { signal } = new AbortController();
  const { choice, config, workerId, logger } = parts;
  const chosen = moduleOf(choice);
  if (chosen.preview === undefined)
    throw new AgentError('USAGE', `--dry-run has nothing to print for tasks that run ${chosen.where}`);
  const task = { record, config, workerId, queue: undefined, workerTags: [], serviceTask: false };
  const line = await chosen.preview(hostOf({ ...parts, signal, silent: true }), choice, {
    taskId: record.id,
    runFolder: path.join(parts.state, 'dry-run'),
    workspace: path.join(parts.state, 'dry-run'),
    reporter: { line: (text) => logger.warn(text), output: () => undefined },
    signal,
    task,
  });
  return parts.redactor.redact(line);
}

function moduleOf({ kind }: DriverChoice) {
  const found = driverModule(kind);
  if (found === undefined) throw new AgentError('INTERNAL', `no driver of the kind ${kind}`);
  return found;
}

function hostOf(parts: HostParts): DriverHost {
  const { config, home, workerId, gpus, signal } = parts;
  return {
    config,
    home,
    workerId,
    hasGpus: async () => (await gpus.read()) !== undefined,
    forImage: parts.forImage === true,
    warn: (text) => parts.logger.warn(text),
    signal,
    queueName: (id) => queueName(parts.connection, id, signal),
    describe: (task, until) => describeTask(parts, task, until),
    planned: (task, outcome) => tellServer(parts, task, outcome),
  };
}

async function queueName(
  { queues }: Connection,
  id: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const asked = { signal, retry: 'bounded' } as const;
  const [found] = await queues.getAll({ id: [id], search_hidden: true }, asked).catch(() => []);
  return found?.name;
}

async function describeTask(
  { choice, connection }: HostParts,
  task: PlaceTask,
  signal: AbortSignal,
): Promise<TaskDescription> {
  const { client } = connection;
  const { record, config, authToken } = task;
  const advanced = client.claims.featureSet === 'advanced';
  const templated = client.supports(TEMPLATES_SINCE) && mentionsTemplates(record, config, choice.words);
  const projectName = advanced || templated ? await projectOf(connection, record, signal) : undefined;
  return {
    document: record,
    projectName,
    configText: containerConfigText(config, authToken),
    advanced,
    vaultVariables: advanced && authToken && client.supports(TEMPLATES_SINCE) ? vaultVariables(config) : [],
    ...(templated ? { templates: await templateValues(connection, task, { projectName, signal }) } : {}),
  };
}

/** The section `environment` of the owner's vaults, as `NAME=value`. */
function vaultVariables(config: Config): string[] {
  return Object.entries(configuredEnvironment(config))
    .filter(([name]) => config.source(joinKey(['environment', name])).kind === 'vault')
    .map(([name, value]) => `${name}=${value}`);
}

/** Most tasks refer to nothing; then nothing has to be asked. */
function mentionsTemplates({ container }: TaskRecord, config: Config, words: readonly string[]): boolean {
  const { defaultDocker, extraDockerArguments } = config.agent;
  const { env } = config;
  const texts = [
    container,
    words,
    defaultDocker.image,
    defaultDocker.arguments,
    defaultDocker.matchRules,
    extraDockerArguments,
    env.CLEARML_AGENT_EXTRA_DOCKER_ARGS,
    env.CLEARML_AGENT_EXTRA_DOCKER_LABELS,
  ];
  return /\$\{?CLEARML_/.test(JSON.stringify(texts));
}

async function templateValues(
  connection: Connection,
  { record, config, queue, workerId }: PlaceTask,
  { projectName, signal }: { projectName: string | undefined; signal: AbortSignal },
): Promise<TemplateValues> {
  const { users, queues, client } = connection;
  const bounded = { signal, retry: 'bounded' } as const;
  const [user, vaults, [queueRecord]] = await Promise.all([
    users.getCurrentUser(bounded).catch(() => undefined),
    ownVaults(config, connection).catch(() => undefined),
    queue === undefined ? [] : queues.getAll({ id: [queue], search_hidden: true }, bounded).catch(() => []),
  ]);
  return {
    worker_id: workerId,
    task: record,
    user,
    vaults,
    config: config.all,
    providers: client.claims.providers,
    ...(queue === undefined ? {} : { queue_id: queue }),
    ...(queueRecord?.name === undefined ? {} : { queue_name: queueRecord.name }),
    ...(record.project
      ? { project: { id: record.project, ...(projectName === undefined ? {} : { name: projectName }) } }
      : {}),
  };
}

/** A project that the agent may not see has no name for it. */
async function projectOf(
  { projects }: Connection,
  { project }: TaskRecord,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!project) return undefined;
  const found = await projects.getById(project, { signal, retry: 'bounded' }).catch(() => undefined);
  return found?.name;
}

/** The container that was chosen goes to the task, where the web UI shows it. No reason to stop when it fails. */
async function tellServer(
  { connection, redactor, logger, silent }: HostParts,
  { record }: PlaceTask,
  { writeBack, runtime, secrets }: PlanOutcome,
): Promise<void> {
  redactor.add(...secrets);
  const properties = Object.keys(runtime).length > 0;
  if (silent || (writeBack === undefined && !properties)) return;
  try {
    const { tasks } = connection;
    // Read again: the name of the host was noted after the record had come.
    const current = properties ? await tasks.getById(record.id, { retry: 'bounded' }) : undefined;
    await tasks.edit(
      {
        task: record.id,
        force: true,
        ...(writeBack === undefined ? {} : { container: writeBack }),
        ...(current === undefined ? {} : { runtime: { ...current.runtime, ...runtime } }),
      },
      { retry: 'bounded' },
    );
  } catch (error) {
    logger.warn(`task ${record.id}: its container was not noted: ${causeLine(error)}`);
  }
}
