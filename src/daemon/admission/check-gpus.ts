import type { Config } from '../../config/config.js';
import { AgentError } from '../../errors.js';
import { ambiguousDevices, missingDevices } from '../../gpu/allocation.js';
import { tablePlace } from '../../gpu/claims/table-folder.js';
import type { GpuReader } from '../../gpu/gpu-reader.js';
import { type MachineDevice, machineDevices, withSlices } from '../../gpu/machine-devices.js';
import { gpuVisibility, selectedDevices } from '../../gpu/visibility.js';
import { checkMachine, type QueueAssignment, sharedQueues } from './assignments.js';

export interface GpuCheck {
  config: Config;
  /** What the tasks of each queue take. */
  assigned: readonly QueueAssignment[];
  /** `--dynamic-gpus` */
  dynamicGpus?: readonly string[] | undefined;
  /** GPUs of `--gpus`; absent where the flag is not given or has no effect. */
  namedGpus?: string | undefined;
}

type Tool = Pick<GpuReader, 'read' | 'known' | 'answered'>;

/**
 * Refuses GPUs that this machine does not have, and queues whose tasks they cannot serve, before anything is made or taken.
 *
 * @param gpus asked once; nothing is asked where the flags name no GPU
 * @throws AgentError USAGE
 */
export async function checkGpus(check: GpuCheck, gpus: Tool, warn: (line: string) => void): Promise<void> {
  if (check.dynamicGpus === undefined) return requireNamed(check.namedGpus, gpus, warn);
  await requireNamed(check.dynamicGpus.join(','), gpus, warn);
  const { assigned, config } = check;
  const { visible } = gpuVisibility({ env: config.env });
  const devices = withSlices(gpus.known, machineDevices(gpus.known, selectedDevices(visible)));
  checkMachine(assigned, { devices, shares: config.agent.gpuFractionSharing });
  for (const name of sharedQueues(assigned, devices))
    warn(
      `queue ${name}: no MIG slice is as large as its tasks ask for, so they share a GPU: nothing keeps one from the memory of the other`,
    );
}

/**
 * Refuses a configured folder that cannot be the machine's table, where GPUs are claimed in one.
 *
 * @throws AgentError GPU_TABLE
 */
export async function requireTable(
  { config, state, dynamicGpus }: Pick<GpuCheck, 'config' | 'dynamicGpus'> & { state: string },
  gpus: Pick<GpuReader, 'read' | 'isAbsent' | 'known'>,
): Promise<void> {
  const { gpuTable, gpuSharing } = config.agent;
  if (gpuTable === undefined || (gpuSharing && dynamicGpus === undefined)) return;
  if (selectedDevices(gpuVisibility({ env: config.env }).visible).kind === 'none') return;
  if (gpus.known.length === 0) await gpus.read().catch(() => undefined);
  if (gpus.isAbsent && dynamicGpus === undefined) return;
  await tablePlace({ configured: gpuTable, stateFolder: state });
}

/**
 * Refuses GPUs of `--gpus` that the vendor's tool does not list. Without an answer of the tool it warns.
 *
 * @param named the flag; absent where it is not given or has no effect
 * @throws AgentError USAGE
 */
export async function requireNamed(
  named: string | undefined,
  gpus: Tool,
  warn: (line: string) => void,
): Promise<void> {
  const selection = selectedDevices(named?.replaceAll(':', '.'));
  if (selection.kind !== 'list') return;
  await gpus.read().catch(() => undefined);
  if (!gpus.answered) {
    warn('no GPU tool answers on this machine, so the GPUs of --gpus are taken as they are named');
    return;
  }
  const [ambiguous] = ambiguousDevices(gpus.known, selection);
  if (ambiguous !== undefined)
    throw new AgentError(
      'USAGE',
      `--gpus: GPU ${ambiguous.device} may be each of ${ambiguous.ids.join(', ')}`,
      {
        hint: 'Write more of the UUID.',
      },
    );
  const missing = missingDevices(gpus.known, selection);
  if (missing.length === 0) return;
  const devices = machineDevices(gpus.known, { kind: 'all' }).map(namesOf(gpus.known));
  throw new AgentError(
    'USAGE',
    `--gpus: GPU ${missing.map(typed).join(', ')} is not on this machine (found: ${devices.join(', ') || 'none'})`,
    { hint: 'Name GPUs that "nvidia-smi -L" lists.' },
  );
}

/** A card, with its slices where it is cut. */
function namesOf(known: Tool['known']) {
  return ({ id }: MachineDevice): string => {
    const slices = known.flatMap(({ index, mig }) =>
      mig !== undefined && id === String(index) ? [`${id}:${mig.index}`] : [],
    );
    return slices.length === 0 ? id : `${id} with ${slices.join(', ')}`;
  };
}

/** As `--gpus` names slices. */
function typed(device: string): string {
  return /^\d+\.\d+$/.test(device) ? device.replace('.', ':') : device;
}
