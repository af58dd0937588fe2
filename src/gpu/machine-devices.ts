import { readdir } from 'node:fs/promises';
import type { Device } from './claims/types.js';
import { deviceOf, unseenDevice } from './devices.js';
import type { Gpu } from './gpu.js';
import { gpuFractions } from './gpu-fractions.js';
import type { DeviceSelection } from './visibility.js';

/** A device that tasks can get. */
export interface MachineDevice extends Device {
  /** Part of its card that a MIG slice is; absent for a whole card. */
  slice?: number;
  /** For fractions of a GPU alone: a slice of a card that was named as a whole. */
  fractionsOnly?: true;
}

/**
 * The devices of a selection. The number of a card that is cut into slices means the card.
 *
 * @param gpus what a reader found, empty when nothing is known: then numbers are taken as they are
 */
export function machineDevices(gpus: readonly Gpu[], selection: DeviceSelection): MachineDevice[] {
  if (selection.kind === 'none') return [];
  if (selection.kind !== 'list') return byId(gpus.map(cardOf));
  return byId(selection.devices.flatMap((name) => named(gpus, name)));
}

/** Cards are replaced by their slices, for queues that ask for parts of a GPU. */
export function withSlices(gpus: readonly Gpu[], devices: readonly MachineDevice[]): MachineDevice[] {
  return devices.flatMap((device) => {
    const slices = gpus.filter(({ index, mig }) => mig !== undefined && device.id === String(index));
    if (slices.length === 0) return [device];
    return slices.map((gpu): MachineDevice => ({ ...sliceOf(gpu), fractionsOnly: true }));
  });
}

/** A folder whose entries name the devices is read. */
export async function listedSelection(selection: DeviceSelection): Promise<DeviceSelection> {
  if (selection.kind !== 'folder') return selection;
  return { kind: 'list', devices: await readdir(selection.folder).catch(() => []) };
}

function named(gpus: readonly Gpu[], name: string): MachineDevice[] {
  const wanted = name.toLowerCase();
  const isUuid = /^(gpu|mig)-/.test(wanted);
  const means = ({ id, key }: Device) => (isUuid ? key.toLowerCase().startsWith(wanted) : id === wanted);
  const slice = gpus.find((gpu) => gpu.mig !== undefined && means(deviceOf(gpu)));
  if (slice !== undefined) return [sliceOf(slice)];
  const card = gpus.find((gpu) => means(cardOf(gpu)));
  if (card !== undefined) return [cardOf(card)];
  return /^\d+(\.\d+)?$/.test(wanted) ? [unseenDevice(wanted)] : [];
}

/** The card itself, also one that is cut into slices. */
function cardOf({ mig, ...card }: Gpu): MachineDevice {
  return deviceOf(card);
}

function sliceOf(gpu: Gpu): MachineDevice {
  const name = gpu.mig?.name ?? '';
  const [part] = gpuFractions(`nvidia.com/mig-${name}:1`, [gpu]);
  // Of a card that the table of sizes lacks, the profile tells how many of seven parts it has.
  const computed = Number(/^(\d+)g\./.exec(name)?.[1] ?? 7) / 7;
  return { ...deviceOf(gpu), slice: part === undefined || part === 1 ? computed : part };
}

function byId(devices: readonly MachineDevice[]): MachineDevice[] {
  return [...new Map(devices.map((device) => [device.id, device])).values()];
}
