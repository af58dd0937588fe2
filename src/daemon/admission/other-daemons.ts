import { AgentError } from '../../errors.js';
import { livingDaemons } from '../../runs/registry.js';
import type { DaemonOptions } from '../daemon.js';

/**
 * One daemon with `--dynamic-gpus` gives out a GPU: two would each hold back what the other's large tasks wait for.
 *
 * @throws AgentError USAGE
 */
export async function refuseOverlap({ state, dynamicGpus, logger }: DaemonOptions): Promise<void> {
  if (dynamicGpus === undefined) return;
  const living = await livingDaemons(state, (line) => logger.warn(line));
  for (const { workerId, pid, dynamicGpus: others } of living) {
    const both = Array.isArray(others) ? dynamicGpus.filter((id) => others.includes(id)) : [];
    if (both.length === 0) continue;
    throw new AgentError(
      'USAGE',
      `--dynamic-gpus: GPU ${both.join(', ')} belongs to the daemon ${workerId} (process ${pid})`,
      { hint: 'Stop that daemon first, or give this one other GPUs.' },
    );
  }
}
