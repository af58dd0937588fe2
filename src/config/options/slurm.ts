import type { Option } from './option.js';

/** How tasks become batch jobs of a Slurm cluster (`--slurm`). */
export const SLURM_OPTIONS = [
  {
    key: 'agent.slurm.shared_folder',
    type: 'path',
    fallback: '~/.clearml/slurm',
    otherwise: '`~/.clearml/slurm`',
    help: 'Folder for the files of jobs, which this machine and all compute nodes see by the same path.',
    example: '"/shared/clearml"',
    consumedBy: 'drivers/slurm',
  },
  {
    key: 'agent.slurm.options',
    type: 'words',
    fallback: [],
    help: 'Options of sbatch for all jobs, as --name=value.',
    example: '["--account=research", "--time=1-00:00:00"]',
    consumedBy: 'drivers/slurm',
  },
  {
    key: 'agent.slurm.queues',
    type: 'section',
    fallback: {},
    help: 'Options of sbatch for the jobs of a queue, by its name or id; they beat those for all jobs.',
    example: '{ gpu_queue: ["--partition=gpu", "--gpus=1"] }',
    consumedBy: 'drivers/slurm',
  },
  {
    key: 'agent.slurm.task_options',
    type: 'names',
    fallback: ['cpus', 'memory', 'gpus', 'time'],
    help: 'User properties by which a task may ask for resources: cpus, memory, gpus, time, account, qos, partition, constraint.',
    example: '["cpus", "memory"]',
    consumedBy: 'drivers/slurm',
  },
  {
    key: 'agent.slurm.memory',
    type: 'text',
    fallback: '4G',
    help: 'Memory of a job for which no option and no task names an amount.',
    example: '"16G"',
    consumedBy: 'drivers/slurm',
  },
  {
    key: 'agent.slurm.max_jobs',
    type: 'integer',
    fallback: 100,
    minimum: 1,
    flag: '--max-jobs',
    help: 'Jobs of one daemon at once, pending ones included.',
    consumedBy: 'drivers/slurm',
  },
] as const satisfies readonly Option[];
