import type { Variable } from './variable.js';

/** The agent on its machine. */
export const WORKER_VARIABLES = [
  {
    name: 'CLEARML_AGENT_STATE_DIR',
    type: 'path',
    otherwise: '~/.clearml/agent',
    help: "Folder of the agent's own state: journals, logs, caches.",
    consumedBy: 'os',
  },
  {
    name: 'CLEARML_WORKER_TAGS',
    type: 'names',
    help: 'Tags that the worker reports to the server.',
    consumedBy: 'cli',
  },
  {
    name: 'CLEARML_AGENT_QUEUE_POLL_FREQ_SEC',
    type: 'number',
    otherwise: 'by activity',
    help: 'Seconds between polls of the queues; overrides --polling-interval and agent.adaptive_polling.',
    consumedBy: 'daemon',
  },
  {
    name: 'CLEARML_AGENT_STATUS_REPORT_FREQ_SEC',
    type: 'number',
    otherwise: '30; 61 while nothing runs',
    help: 'Seconds between reports of the machine.',
    consumedBy: 'daemon',
  },
  {
    name: 'NVIDIA_VISIBLE_DEVICES',
    type: 'text',
    help: 'GPUs to use: numbers, ids, all or none; a folder whose entries name them.',
    consumedBy: 'gpu',
  },
  {
    name: 'CUDA_VISIBLE_DEVICES',
    type: 'text',
    help: 'GPUs to use.',
    consumedBy: 'gpu',
  },
  {
    name: 'CLEARML_AGENT_GPU_FRACTIONS',
    type: 'text',
    help: 'Fractions of GPUs to report, such as 0.5,0.5.',
    consumedBy: 'monitor',
  },
  {
    name: 'CLEARML_AGENT_CHILD_AGENTS_COUNT_CMD',
    type: 'text',
    help: 'Command that counts the running services.',
    ignored: 'the services are counted by the daemon that supervises them',
  },
  {
    name: 'CLEARML_AGENT_TEMP_STDOUT_FILE_DIR',
    type: 'path',
    otherwise: "logs in the agent's state folder",
    help: 'Folder of the log of a background agent.',
    consumedBy: 'cli',
  },
  {
    name: 'CLEARML_AGENT_DEBUG_INFO',
    type: 'text',
    help: 'What to log more of: docker.',
    ignored: '--debug is not divided into topics',
  },
  {
    name: 'CLEARML_AGENT_DEBUG_GET_NEXT_TASK',
    type: 'boolean',
    help: 'Log each poll of the queues.',
    ignored: '--debug logs every call, polls of the queues too',
  },
  {
    name: 'CLEARML_AGENT_PROPAGATE_EXITCODE',
    type: 'boolean',
    help: "End execute --docker and --full-monitoring with the task's exit status.",
    ignored: 'execute always ends with the exit status of the task',
  },
  {
    name: 'CLEARML_MULTI_NODE_SINGLE_TASK',
    type: 'integer',
    help: 'Number of nodes that share one task. Log output of every node but the first is prefixed with its rank.',
    consumedBy: 'daemon',
  },
  {
    name: 'RANK',
    aliases: ['SLURM_PROCID'],
    type: 'integer',
    help: 'Rank of this node; only rank 0 changes the status of the task.',
    consumedBy: 'daemon',
  },
  {
    name: 'KUBERNETES_SERVICE_HOST',
    aliases: ['KUBERNETES_PORT'],
    type: 'presence',
    help: 'The agent itself runs in a pod.',
    consumedBy: 'gpu',
  },
] as const satisfies readonly Variable[];
