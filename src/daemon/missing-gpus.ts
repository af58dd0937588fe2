import { missingDevices } from '../gpu/allocation.js';
import type { GpuReader } from '../gpu/gpu-reader.js';
import { type Environment, selectedDevices } from '../gpu/visibility.js';

/**
 * Tells of GPUs that were asked for and that this machine does not have; tasks would find out much later. Says
 * nothing while the vendor's tool does not answer, and never fails.
 */
export async function tellMissingGpus(
  gpus: Pick<GpuReader, 'read' | 'active'>,
  env: Environment,
  warn: (line: string) => void,
): Promise<void> {
  const visible = (env.NVIDIA_VISIBLE_DEVICES || env.CUDA_VISIBLE_DEVICES)?.replaceAll(':', '.');
  const selection = selectedDevices(visible);
  if (selection.kind !== 'list') return;
  const reading = await gpus.read().catch(() => undefined);
  if (reading === undefined && gpus.active) return;
  const missing = missingDevices(reading?.gpus ?? [], selection);
  if (missing.length === 0) return;
  const there = reading?.gpus.map(({ index }) => index).join(', ') || 'none';
  warn(`GPU ${missing.join(', ')} was asked for and is not on this machine (found: ${there})`);
}
