import type { Option } from './option.js';

export const GPU_SHARING_OPTIONS = [
  {
    key: 'agent.gpu_sharing',
    type: 'boolean',
    fallback: false,
    help: 'Start a task although a task of another agent uses the same GPU.',
    consumedBy: 'daemon',
  },
  {
    key: 'agent.gpu_fraction_sharing',
    type: 'boolean',
    fallback: true,
    help: 'Let tasks of a fractional queue (name=0.5) share a GPU that has no MIG slice of a fitting size.',
    consumedBy: 'daemon',
  },
] as const satisfies readonly Option[];
