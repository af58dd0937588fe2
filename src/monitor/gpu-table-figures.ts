import type { GpuState } from '../gpu/claims/gpu-states.js';
import type { Figure } from './figures.js';

/** What the machine's table says of each GPU. */
export function gpuTableFigures(states: readonly GpuState[]): Figure[] {
  return states.flatMap((state): Figure[] => {
    const labels = { gpu: state.id, uuid: state.key };
    return [
      {
        name: 'clearml_agent_gpu_claimed_ratio',
        help: 'Part of the GPU that tasks of agents on this machine have claimed.',
        kind: 'gauge',
        value: state.taken,
        labels,
      },
      {
        name: 'clearml_agent_gpu_in_service',
        help: 'Whether tasks get the GPU (1), or it is out of service (0).',
        kind: 'gauge',
        value: state.outOfService === undefined ? 1 : 0,
        labels,
      },
      {
        name: 'clearml_agent_gpu_reserved',
        help: 'Whether the GPU is kept free for a large task.',
        kind: 'gauge',
        value: state.reservedFor === undefined ? 0 : 1,
        labels,
      },
    ];
  });
}
