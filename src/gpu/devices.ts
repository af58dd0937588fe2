import type { Device } from './claims/types.js';
import type { Gpu } from './gpu.js';

/** The devices that tasks can get: cards, and slices of cards that are cut into such. */
export function devicesOf(gpus: readonly Gpu[]): Device[] {
  return gpus.map(deviceOf);
}

export function deviceOf({ index, uuid, mig }: Gpu): Device {
  const id = mig === undefined ? String(index) : `${index}.${mig.index}`;
  return { id, key: (mig === undefined ? uuid : mig.uuid) || numberedKey(id), card: index };
}

/** A device of which only its name in `--gpus` is known. */
export function unseenDevice(id: string): Device {
  return { id, key: numberedKey(id), card: Number.parseInt(id, 10) };
}

function numberedKey(id: string): string {
  return `index:${id}`;
}
