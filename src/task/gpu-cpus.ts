import { readFile } from 'node:fs/promises';
import { affinityOf } from '../gpu/affinity.js';
import { ownedGpus } from '../gpu/allocation.js';
import { gpuVisibility, selectedDevices } from '../gpu/visibility.js';
import type { AgentContext } from './context.js';

/** The CPUs of a run: those next to its GPUs, where `agent.gpu_affinity` asks for that; `undefined` for all. */
export async function gpuCpus({
  config,
  environment,
  gpus,
}: Pick<AgentContext, 'config' | 'environment' | 'gpus'>): Promise<string | undefined> {
  const selection = selectedDevices(gpuVisibility({ env: environment }).visible);
  if (!config.agent.gpuAffinity || selection.kind === 'none') return undefined;
  const [topology, reading] = [await gpus.topology(), await gpus.read()];
  if (topology === undefined || reading === undefined) return undefined;
  const cards = ownedGpus(reading.gpus, selection).map(({ index }) => index);
  return affinityOf(topology, cards, await allowedCpus());
}

async function allowedCpus(): Promise<string | undefined> {
  const status = await readFile('/proc/self/status', 'latin1').catch(() => '');
  return /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1];
}
