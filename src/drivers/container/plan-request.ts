import path from 'node:path';
import type { Config } from '../../config/config.js';
import { type PlannedContainer, planContainer } from '../../container/plan/plan-container.js';
import { AgentError } from '../../errors.js';
import { ensureFolder, writeFileDurable } from '../../os/files.js';
import type { PlaceRequest, PlaceTask } from '../driver.js';
import type { TaskDescription } from '../module.js';
import { type ContainerMachine, type ContainerSetup, containerFacts } from './container-facts.js';
import { answersAt } from './machine-facts.js';

export interface PlannedRequest {
  task: PlaceTask;
  described: TaskDescription;
  planned: PlannedContainer;
  configFile: string;
}

/**
 * Asks the server about a task and plans its container from that; nothing is made.
 *
 * @param folder of the run that gets the container's configuration file
 * @throws AgentError as `planContainer` does
 */
export async function planRequest(
  setup: ContainerSetup,
  machine: ContainerMachine,
  { task, reporter, signal }: PlaceRequest,
  folder: string,
): Promise<PlannedRequest> {
  if (task === undefined) throw new AgentError('INTERNAL', 'a container is planned from a task');
  const described = await setup.describe(task, signal);
  const configFile = path.join(folder, 'clearml.conf');
  const warn = (text: string) => reporter.line(text, 'WARNING');
  const parts = { task, described, configFile, warn };
  const facts = containerFacts(setup, machine, {
    ...parts,
    sshAgentGone: await isAgentGone(task.config, machine),
  });
  return { task, described, planned: planContainer(facts), configFile };
}

/** An agent in a container does not see the sockets that the engine mounts. */
async function isAgentGone(config: Config, { sibling, mounts }: ContainerMachine): Promise<boolean> {
  const socket = config.variable('SSH_AUTH_SOCK');
  if (socket === undefined || sibling !== undefined || mounts.length > 0) return false;
  return !(await answersAt(socket));
}

/** Tells the server and the log what was planned, and makes the files that the container gets. */
export async function preparePlanned(
  setup: ContainerSetup,
  { task, planned, described, configFile }: PlannedRequest,
): Promise<void> {
  await setup.planned(task, planned);
  await ensureFolder(path.dirname(configFile));
  // Any user of the image reads it; no other user of this machine gets past the run's own folder.
  await writeFileDurable(configFile, described.configText, 0o644);
}

/** The server notes the user of a task by his credentials; a task cannot name another. */
export function cacheGroupOf({ config, record }: PlaceTask): { cacheGroup?: string } {
  if (config.agent.dockerShareCachesBetweenUsers) return {};
  return { cacheGroup: record.user || `task-${record.id}` };
}
