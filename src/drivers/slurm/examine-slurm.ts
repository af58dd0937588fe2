import { access } from 'node:fs/promises';
import type { Config } from '../../config/config.js';
import { causeLine, isAgentError } from '../../errors.js';
import { homeFolder } from '../../os/home.js';
import type { DriverFinding } from '../module.js';
import { checkOptions } from './options-check.js';
import { checkShared } from './shared-check.js';
import { SlurmCommands } from './slurm-commands.js';
import { type SlurmSettings, slurmSettings } from './slurm-settings.js';

const EXAMINE_MS = 60_000;
/** Where Slurm looks without SLURM_CONF. */
const CONF_FILES = ['/etc/slurm/slurm.conf', '/etc/slurm-llnl/slurm.conf', '/usr/local/etc/slurm.conf'];

/** Looks at Slurm where this machine belongs to a cluster; has a job look at the shared folder where keys of it are set. */
export async function examineSlurm(config: Config): Promise<DriverFinding[]> {
  const isChosen = config.raw('agent.slurm') !== undefined;
  if (!isChosen && !(await isConfigured(config.env.SLURM_CONF))) return [];
  try {
    const commands = new SlurmCommands(config.env);
    const version = await commands.version();
    const partitions = await commands.partitions();
    const down = partitions.filter(({ up }) => !up).map(({ name }) => name);
    const found: DriverFinding[] = [
      { state: 'ok', text: `${version}, partitions ${partitions.map(({ name }) => name).join(', ')}` },
      ...down.map(
        (name): DriverFinding => ({
          state: 'warning',
          text: `the partition ${name} is not up; jobs wait there`,
          fix: `Run "scontrol update partitionname=${name} state=up" as an administrator.`,
        }),
      ),
    ];
    if (!isChosen) return found;
    const settings = slurmSettings(config, homeFolder(config.env).folder, undefined);
    return [...found, await shared(commands, settings), ...(await refusals(commands, settings))];
  } catch (error) {
    return [problem(error)];
  }
}

async function refusals(commands: SlurmCommands, settings: SlurmSettings): Promise<DriverFinding[]> {
  const lines = await checkOptions(commands, settings);
  const fix = 'Correct the options, unless a partition is full or closed for a while.';
  return lines.map((text) => ({ state: 'warning', text, fix }));
}

async function shared(commands: SlurmCommands, settings: SlurmSettings): Promise<DriverFinding> {
  const check = await checkShared(commands, settings, AbortSignal.timeout(EXAMINE_MS));
  if ('node' in check)
    return { state: 'ok', text: `${check.node} sees ${settings.shared} and the folders of tasks` };
  const text = `no compute node has looked at ${settings.shared}: ${check.unknown}`;
  return { state: 'warning', text, fix: 'Look again when the cluster has room for a job.' };
}

function problem(error: unknown): DriverFinding {
  const hint = isAgentError(error) ? error.hint : undefined;
  return { state: 'problem', text: causeLine(error), ...(hint === undefined ? {} : { fix: hint }) };
}

async function isConfigured(named: string | undefined): Promise<boolean> {
  for (const file of named ? [named] : CONF_FILES) {
    const there = await access(file).then(
      () => true,
      () => false,
    );
    if (there) return true;
  }
  return false;
}
