import type { Option } from './option.js';

export const GPU_OPTIONS = [
  {
    key: 'agent.gpu_table',
    type: 'path',
    otherwise: '/run/lock/clearml-agent-gpus',
    variables: ['CLEARML_AGENT_GPU_TABLE'],
    help: 'Folder of the GPU claims that all agents of this machine share (docs/gpus.md).',
    example: '"/srv/clearml-agent-gpus"',
    consumedBy: 'daemon',
  },
  {
    key: 'agent.gpu_min_free_memory',
    type: 'integer',
    fallback: 0,
    minimum: 0,
    help: 'MiB that must be free on a GPU before a task gets it.',
    example: '2000',
    consumedBy: 'daemon',
  },
  {
    key: 'agent.gpu_require_idle',
    type: 'boolean',
    fallback: false,
    help: "Give a task no GPU that a process outside this machine's agents uses.",
    consumedBy: 'daemon',
  },
  {
    key: 'agent.gpu_health',
    type: 'boolean',
    fallback: false,
    help: 'Take a GPU with an Xid error, an uncorrected ECC error or no answer out of service.',
    consumedBy: 'daemon',
  },
  {
    key: 'agent.gpu_reserve_after_sec',
    type: 'number',
    fallback: 600,
    minimum: 0,
    help: 'Seconds that a task for several GPUs waits before free GPUs are kept for it.',
    consumedBy: 'daemon',
  },
  {
    key: 'agent.gpu_affinity',
    type: 'boolean',
    fallback: false,
    help: 'Run a task on the CPUs next to its GPUs.',
    consumedBy: 'task',
  },
] as const satisfies readonly Option[];
