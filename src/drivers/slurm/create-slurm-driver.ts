import type { DriverHost } from '../module.js';
import { checkOptions } from './options-check.js';
import { checkShared } from './shared-check.js';
import { SlurmCommands } from './slurm-commands.js';
import { SlurmDriver } from './slurm-driver.js';
import { slurmSettings } from './slurm-settings.js';

/**
 * Opens the driver once Slurm answers and a compute node has seen the shared folder.
 *
 * @throws AgentError CONFIG_VALUE, COMMAND_MISSING, SLURM, SLURM_JOB, SLURM_FOLDER
 */
export async function createSlurmDriver(
  host: DriverHost,
  partition: string | undefined,
): Promise<SlurmDriver> {
  const { config, home, signal } = host;
  const settings = slurmSettings(config, home, partition);
  const commands = new SlurmCommands(config.env);
  await commands.ping();
  const check = await checkShared(commands, settings, signal);
  if ('unknown' in check) host.warn(`no compute node has looked at ${settings.shared} yet: ${check.unknown}`);
  for (const line of await checkOptions(commands, settings)) host.warn(line);
  return new SlurmDriver({
    commands,
    settings,
    environment: config.env,
    queueName: (id) => host.queueName(id),
    signal,
  });
}
