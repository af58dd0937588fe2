import type { Device } from './claims/types.js';
import type { Gpu } from './gpu.js';

export function deviceOf({ index, uuid, mig }: Pick<Gpu, 'index' | 'uuid' | 'mig'>): Device {
  const id = mig === undefined ? String(index) : `${index}.${mig.index}`;
  return { id, key: (mig === undefined ? uuid : mig.uuid) || numberedKey(id), card: index };
}

/** A device of which only its name in `--gpus` is known. */
export function unseenDevice(id: string): Device {
  return { id, key: numberedKey(id), card: Number.parseInt(id, 10) };
}

const NUMBERED = 'index:';

function numberedKey(id: string): string {
  return NUMBERED + id;
}

/** Whether no vendor's tool has named the device: it is known by its number alone. */
export function isNumbered({ key }: Pick<Device, 'key'>): boolean {
  return key.startsWith(NUMBERED);
}
