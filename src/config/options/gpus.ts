import type { Option } from './option.js';

export const GPU_OPTIONS = [
  {
    key: 'agent.gpu_table',
    type: 'path',
    otherwise: '/run/lock/clearml-agent-gpus',
    help: 'Folder of the GPU claims that all agents of this machine share (docs/gpus.md).',
    example: '"/srv/clearml-agent-gpus"',
    consumedBy: 'gpu',
  },
] as const satisfies readonly Option[];
