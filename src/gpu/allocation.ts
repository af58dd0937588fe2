import type { Gpu } from './gpu.js';
import { type DeviceSelection, type GpuVisibility, selectedDevices } from './visibility.js';

/**
 * The GPUs of this machine that an agent with this selection owns, in the machine's order. A selection that
 * fits none of them (a UUID of another machine) hides nothing, as in the original.
 *
 * @param gpus what a reader found; a sliced GPU stands there as its instances
 */
export function ownedGpus(gpus: readonly Gpu[], selection: DeviceSelection): Gpu[] {
  if (selection.kind === 'none') return [];
  if (selection.kind !== 'list') return [...gpus];
  const owned = gpus.filter((gpu) => selection.devices.some((device) => isNamed(gpu, device)));
  return owned.length === 0 ? [...gpus] : owned;
}

/** Devices of a list that this machine does not have. */
export function missingDevices(gpus: readonly Gpu[], selection: DeviceSelection): string[] {
  if (selection.kind !== 'list') return [];
  return selection.devices.filter((device) => !gpus.some((gpu) => isNamed(gpu, device)));
}

/** The devices that the beginning of a UUID may mean, for each device of a list that may mean several. */
export function ambiguousDevices(
  gpus: readonly Gpu[],
  selection: DeviceSelection,
): { device: string; ids: string[] }[] {
  const devices = selection.kind === 'list' ? selection.devices : [];
  return devices.flatMap((device) => {
    const ids = new Set(gpus.flatMap((gpu) => idByUuid(gpu, device.toLowerCase()) ?? []));
    return ids.size > 1 ? [{ device, ids: [...ids] }] : [];
  });
}

/** @returns the card or slice whose UUID begins so; a sliced card stands there once for each slice */
function idByUuid({ index, uuid, mig }: Gpu, start: string): string | undefined {
  if (!UUID_START.test(start)) return undefined;
  if (mig?.uuid?.toLowerCase().startsWith(start)) return `${index}:${mig.index}`;
  return uuid?.toLowerCase().startsWith(start) ? String(index) : undefined;
}

const UUID_START = /^(gpu|mig)-/;

/** CUDA and the container runtime accept the beginning of a UUID, so a beginning names a GPU here too. */
function isNamed(gpu: Gpu, device: string): boolean {
  const wanted = device.toLowerCase();
  if (UUID_START.test(wanted)) {
    return [gpu.uuid, gpu.mig?.uuid].some((uuid) => uuid?.toLowerCase().startsWith(wanted));
  }
  return (
    wanted === String(gpu.index) || (gpu.mig !== undefined && wanted === `${gpu.index}.${gpu.mig.index}`)
  );
}

/**
 * The variables that show a process its devices and no others; `undefined` removes a variable. Ranges are
 * written out, as CUDA reads only the first number of `0-3`, and a slice goes to CUDA by its UUID, as CUDA
 * does not know `0:1`. Where only NVIDIA's variable is set, a container runtime has set it: the numbers are those
 * of its host, so nothing is added.
 *
 * @param gpus what a reader found, empty when nothing is known
 */
export function pinningVariables(
  visibility: GpuVisibility,
  gpus: readonly Gpu[],
): Record<string, string | undefined> {
  const selection = selectedDevices(visibility.visible);
  if (visibility.cuda === undefined) return nvidiaVariables(visibility.nvidia, undefined);
  if (selection.kind === 'none') return { ...amdVariables(gpus, '-1'), ...nvidiaVariables('none', 'none') };
  if (selection.kind !== 'list') return nvidiaVariables(visibility.nvidia, visibility.cuda);
  const outside = selection.devices.map((device) => device.replace('.', ':')).join(',');
  const cuda = selection.devices.map((device) => cudaName(gpus, device)).join(',');
  return { ...amdVariables(gpus, selection.devices.join(',')), ...nvidiaVariables(outside, cuda) };
}

function nvidiaVariables(nvidia: string | undefined, cuda: string | undefined) {
  return { NVIDIA_VISIBLE_DEVICES: nvidia, CUDA_VISIBLE_DEVICES: cuda, CUDA_DEVICE_ORDER: 'PCI_BUS_ID' };
}

/** Only HIP's own variable: with ROCR's beside it the numbers would be applied twice, to an already cut list. */
function amdVariables(gpus: readonly Gpu[], devices: string) {
  return gpus.some((gpu) => gpu.vendor === 'amd') ? { HIP_VISIBLE_DEVICES: devices } : {};
}

function cudaName(gpus: readonly Gpu[], device: string): string {
  const slice = gpus.find((gpu) => gpu.mig !== undefined && device === `${gpu.index}.${gpu.mig.index}`);
  return slice?.mig?.uuid ?? device.replace('.', ':');
}
