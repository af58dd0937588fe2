import type { Device } from './claims/types.js';
import type { Gpu } from './gpu.js';

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
