import { AgentError } from '../../errors.js';
import type { DriverChoice, DriverModule } from '../module.js';
import { SLURM, SLURM_REF_VERSION } from './slurm-ref.js';

const PARTITION = /^\w[\w.-]*(?:,\w[\w.-]*)*$/;

/** Tasks run as batch jobs of a Slurm cluster. */
export const slurmModule: DriverModule = {
  kind: SLURM,
  refVersion: SLURM_REF_VERSION,
  where: 'in a Slurm job',
  flags: [
    { flags: '--slurm', help: 'run each task as a batch job of Slurm, from a login node', group: 'Cluster' },
    {
      flags: '--partition <names>',
      help: 'with --slurm: partition of the jobs, or several with commas',
      group: 'Cluster',
      setting: true,
    },
    {
      flags: '--max-jobs <count>',
      help: 'with --slurm: jobs at once, pending ones included (default: agent.slurm.max_jobs)',
      group: 'Cluster',
      setting: true,
    },
  ],
  choose,

  async open(host, choice) {
    const { createSlurmDriver } = await import('./create-slurm-driver.js');
    return createSlurmDriver(host, choice.settings?.partition);
  },

  atOnce(config, { settings }) {
    return settings?.maxJobs === undefined ? config.agent.slurm.maxJobs : Number(settings.maxJobs);
  },

  check: {
    name: 'slurm',
    title: 'Slurm',
    async run(config) {
      const { examineSlurm } = await import('./examine-slurm.js');
      return examineSlurm(config);
    },
  },
};

function choose({ slurm, partition, maxJobs }: Readonly<Record<string, unknown>>): DriverChoice | undefined {
  const settings = {
    ...(partition === undefined ? {} : { partition: String(partition) }),
    ...(maxJobs === undefined ? {} : { maxJobs: String(maxJobs) }),
  };
  if (slurm !== true) {
    const [given] = Object.keys(settings);
    if (given === undefined) return undefined;
    const flag = given === 'partition' ? '--partition' : '--max-jobs';
    throw new AgentError('USAGE', `${flag} goes with --slurm`, {
      hint: 'Add --slurm or leave the flag out.',
    });
  }
  if (settings.partition !== undefined && !PARTITION.test(settings.partition))
    throw new AgentError(
      'USAGE',
      `--partition takes the name of a partition, or several with commas, got "${settings.partition}"`,
    );
  if (settings.maxJobs !== undefined && !/^[1-9]\d{0,5}$/.test(settings.maxJobs))
    throw new AgentError('USAGE', `--max-jobs takes a number of jobs from 1 on, got "${settings.maxJobs}"`);
  return { kind: SLURM, words: [], settings };
}
