import { readdir } from 'node:fs/promises';
import type { Device } from './claims/types.js';
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
 * The devices of a selection. A card that is cut into slices stands for them where it is named by its number.
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
    return slices.map((gpu): MachineDevice => ({ ...deviceOf(gpu), fractionsOnly: true }));
  });
}

/** A folder whose entries name the devices is read. */
export async function listedSelection(selection: DeviceSelection): Promise<DeviceSelection> {
  if (selection.kind !== 'folder') return selection;
  return { kind: 'list', devices: await readdir(selection.folder).catch(() => []) };
}

function named(gpus: readonly Gpu[], name: string): MachineDevice[] {
  const wanted = name.toLowerCase();
  if (/^(gpu|mig)-/.test(wanted)) {
    const slice = gpus.find(({ mig }) => mig?.uuid?.toLowerCase().startsWith(wanted));
    if (slice !== undefined) return [deviceOf(slice)];
    const card = gpus.find(({ uuid }) => uuid.toLowerCase().startsWith(wanted));
    return card === undefined ? [] : [cardOf(card)];
  }
  const found = gpus.find((gpu) => wanted === (gpu.mig === undefined ? '' : deviceOf(gpu).id));
  if (found !== undefined) return [deviceOf(found)];
  const card = gpus.find(({ index }) => wanted === String(index));
  if (card !== undefined) return [cardOf(card)];
  return /^\d+(\.\d+)?$/.test(wanted)
    ? [{ id: wanted, key: `index:${wanted}`, card: Number(wanted.split('.')[0]) }]
    : [];
}

function cardOf({ index, uuid }: Gpu): MachineDevice {
  return { id: String(index), key: uuid || `index:${index}`, card: index };
}

function deviceOf(gpu: Gpu): MachineDevice {
  const { index, uuid, mig } = gpu;
  if (mig === undefined) return cardOf(gpu);
  const id = `${index}.${mig.index}`;
  const profile = `nvidia.com/mig-${mig.name ?? ''}:1`;
  const [part] = gpuFractions(profile, [gpu]);
  // Of a card that the table of sizes lacks, the profile tells how many of seven parts it has.
  const computed = Number(/^(\d+)g\./.exec(mig.name ?? '')?.[1] ?? 7) / 7;
  return {
    id,
    key: mig.uuid ?? `${uuid}/${mig.index}`,
    card: index,
    slice: part === 1 ? computed : (part ?? computed),
  };
}

function byId(devices: readonly MachineDevice[]): MachineDevice[] {
  return [...new Map(devices.map((device) => [device.id, device])).values()];
}
