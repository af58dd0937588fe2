import { deviceOf } from '../devices.js';
import type { Gpu } from '../gpu.js';
import { outOfServiceFor, overlaps, takenShare } from './shares.js';
import type { OutOfService, TableView } from './types.js';

/** A device as the table has it. Memory in MiB. */
export interface GpuState {
  id: string;
  key: string;
  /** Absent for a device that the vendor's tool does not list. */
  name?: string;
  memoryUsed?: number;
  memoryTotal?: number;
  /** Part that claims take, 0 for a free device. */
  taken: number;
  usedBy: readonly { worker: string; task?: string; share: number }[];
  /** Worker that keeps it free for a large task. */
  reservedFor?: string;
  outOfService?: { reason: string; at: number };
}

/** Every device of the machine, and those of the table that the vendor's tool does not list. */
export function gpuStates(gpus: readonly Gpu[], view: TableView): GpuState[] {
  const listed = gpus.map(lookOf);
  const known = (device: { id: string; key: string }) => listed.some((one) => overlaps(one, device));
  const named = [...view.outOfService, ...view.claims.flatMap(({ devices }) => devices)];
  const unlisted = new Map(named.filter((one) => !known(one)).map(({ id, key }) => [key, { id, key }]));
  return [...listed, ...unlisted.values()].map((device) => ({
    ...device,
    taken: takenShare(view.claims, device),
    usedBy: view.claims.flatMap(({ worker, task, devices }) =>
      devices
        .filter((one) => overlaps(one, device))
        .map(({ share }) => ({ worker, ...(task === undefined ? {} : { task }), share })),
    ),
    ...reservation(view, device),
    ...service(outOfServiceFor(view.outOfService, device)),
  }));
}

/** `3 (Xid 79 …), 5 (…)` for the server's runtime property; empty when every device is in service. */
export function outOfServiceText(entries: readonly OutOfService[]): string {
  return entries.map(({ id, reason }) => `${id} (${reason})`).join(', ');
}

function lookOf(gpu: Gpu) {
  const { id, key } = deviceOf(gpu);
  const { name, memoryUsed, memoryTotal } = gpu;
  return {
    id,
    key,
    name,
    ...(memoryUsed === undefined ? {} : { memoryUsed }),
    ...(memoryTotal === undefined ? {} : { memoryTotal }),
  };
}

function reservation({ reservations }: TableView, device: { id: string; key: string }) {
  const found = reservations.find(({ devices }) => devices.some((one) => overlaps(one, device)));
  return found === undefined ? {} : { reservedFor: found.worker };
}

function service(entry: OutOfService | undefined) {
  return entry === undefined ? {} : { outOfService: { reason: entry.reason, at: entry.at } };
}
