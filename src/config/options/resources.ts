import type { Option } from './option.js';

/** What tasks state that they need. */
export const RESOURCE_OPTIONS = [
  {
    key: 'agent.task_resources',
    type: 'names',
    fallback: ['cpus', 'memory', 'gpus', 'time'],
    help: 'Words by which a task states its needs: cpus, memory, gpus, time (docs/workloads.md). Slurm has its own list.',
    example: '["time"]',
    consumedBy: 'task',
  },
] as const satisfies readonly Option[];
