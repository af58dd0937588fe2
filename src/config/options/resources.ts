import type { Option } from './option.js';

/** What tasks state that they need. */
export const RESOURCE_OPTIONS = [
  {
    key: 'agent.task_resources',
    type: 'names',
    fallback: ['cpus', 'memory', 'gpus', 'time'],
    choices: ['cpus', 'memory', 'gpus', 'time'],
    help: 'Words by which a task states its needs (docs/workloads.md). Slurm has its own list.',
    example: '["time"]',
    consumedBy: 'task',
  },
  {
    key: 'agent.slots_cpus',
    type: 'text',
    otherwise: 'not counted',
    help: 'CPUs that the tasks of --slots have together, or "machine" for all of this machine.',
    example: '"16"',
    consumedBy: 'daemon',
  },
  {
    key: 'agent.slots_memory',
    type: 'text',
    otherwise: 'not counted',
    help: 'Memory that the tasks of --slots have together, or "machine" for all of this machine.',
    example: '"64G"',
    consumedBy: 'daemon',
  },
] as const satisfies readonly Option[];
