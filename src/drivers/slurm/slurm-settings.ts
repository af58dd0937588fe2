import path from 'node:path';
import type { Config } from '../../config/config.js';
import { AgentError } from '../../errors.js';
import { expandHome } from '../../os/paths.js';
import { splitWords } from '../../os/shell-words.js';
import { type AllowedWords, operatorOptions } from './job-options.js';

/** What the configuration and the command line say of jobs. */
export interface SlurmSettings {
  /** Folder that the login node and all compute nodes see by the same path. */
  shared: string;
  /** Folders outside `shared` that a job reads, by their keys. */
  folders: ReadonlyMap<string, string>;
  partition: string | undefined;
  common: readonly string[];
  /** By the names or ids of the queues. */
  queues: ReadonlyMap<string, readonly string[]>;
  allowed: AllowedWords;
  memory: string;
  /** Where set-up steps run; those of a container always run in the job. */
  prepare: Config['agent']['slurm']['prepare'];
  container: Config['agent']['slurm']['container'];
}

/** @throws AgentError CONFIG_VALUE */
export function slurmSettings(config: Config, home: string, partition: string | undefined): SlurmSettings {
  const { slurm, venvsDir, venvsCache } = config.agent;
  const shared = expandHome(slurm.sharedFolder, home);
  if (!path.isAbsolute(shared))
    throw new AgentError('CONFIG_VALUE', `agent.slurm.shared_folder takes a full path, got "${shared}"`);
  if (!/^[1-9]\d*[KMGT]?$/i.test(slurm.memory))
    throw new AgentError(
      'CONFIG_VALUE',
      `agent.slurm.memory takes an amount of memory such as 8G, got "${slurm.memory}"`,
    );
  const folders = [
    ['agent.venvs_dir', venvsDir],
    ...(venvsCache.path ? [['agent.venvs_cache.path', venvsCache.path] as const] : []),
  ] as const;
  return {
    shared,
    folders: new Map(folders.map(([key, folder]) => [key, expandHome(folder, home)])),
    partition,
    common: operatorOptions(slurm.options, 'agent.slurm.options'),
    queues: queueOptions(slurm.queues),
    allowed: new Set(slurm.taskOptions),
    memory: slurm.memory,
    prepare: slurm.prepare,
    container: slurm.container,
  };
}

function queueOptions(section: Readonly<Record<string, unknown>>): Map<string, readonly string[]> {
  const entries = Object.entries(section).map(([queue, value]) => {
    const key = `agent.slurm.queues.${queue}`;
    const words = typeof value === 'string' ? splitWords(value) : value;
    if (!Array.isArray(words) || words.some((word) => typeof word !== 'string'))
      throw new AgentError('CONFIG_VALUE', `${key} takes a list of options of sbatch`, {
        hint: `Write it as ${key}: ["--partition=gpu"].`,
      });
    return [queue, operatorOptions(words.map(String), key)] as const;
  });
  return new Map(entries);
}
