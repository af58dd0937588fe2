import { takenShare } from './claims/shares.js';
import type { Claim, ClaimedDevice } from './claims/types.js';
import type { MachineDevice } from './machine-devices.js';
import { type Distances, nearestDevices } from './policy/nearest.js';

/** GPUs of one task: whole ones from 1, a part of one below. */
export interface GpuDemand {
  min: number;
  max: number;
}

export interface PickInput {
  demand: GpuDemand;
  /** Devices that may be used, in order of preference. */
  devices: readonly MachineDevice[];
  claims: readonly Pick<Claim, 'devices'>[];
  /** How near the cards are to each other, where that is known. */
  distances?: Distances | undefined;
  /** Whether a whole card may be shared by tasks that ask for a part. */
  shares: boolean;
}

/** Parts of a shared GPU that is not given as asked are whole eighths. */
const EIGHTHS = 8;
const ROUNDING = 1e-9;

/**
 * The devices of a task, or `undefined` while too few are free. A range takes what is free up to its maximum. A part of a
 * GPU is a MIG slice, the smallest that fits, else a share of the card that it leaves least room on.
 */
export function pickDevices({
  demand,
  devices,
  claims,
  shares,
  distances,
}: PickInput): ClaimedDevice[] | undefined {
  const free = devices
    .map((device) => ({ device, free: 1 - takenShare(claims, device) }))
    .filter((one) => one.free > ROUNDING);
  const whole = free.filter((one) => one.free > 1 - ROUNDING && !one.device.fractionsOnly);
  if (demand.max >= 1 && whole.length > 0 && whole.length >= demand.min) {
    const cards = whole.map(({ device }) => device);
    return nearestDevices(cards, Math.min(demand.max, cards.length), distances).map((device) =>
      claimed(device, 1),
    );
  }
  if (demand.min >= 1) return undefined;
  const wanted = Math.min(demand.max, 1);
  return sliceFor(demand.min, wanted, free) ?? (shares ? shareFor(demand.min, wanted, free) : undefined);
}

interface Free {
  device: MachineDevice;
  free: number;
}

function sliceFor(min: number, wanted: number, free: readonly Free[]): ClaimedDevice[] | undefined {
  const slices = free
    .filter((one) => one.free > 1 - ROUNDING && isSliceFor(one.device, min))
    .sort((a, b) => (a.device.slice ?? 0) - (b.device.slice ?? 0));
  const found = slices.find(({ device }) => isSliceFor(device, wanted)) ?? slices.at(-1);
  return found && [claimed(found.device, 1)];
}

/** Half of a card of 79 GB is a slice of 40 GB, and half of seven parts is three. */
const SIZE_TOLERANCE = 0.08;

/** Whether a device is a MIG slice that is large enough for a part of a GPU. */
export function isSliceFor({ slice }: Pick<MachineDevice, 'slice'>, part: number): boolean {
  return slice !== undefined && slice >= part - SIZE_TOLERANCE;
}

function shareFor(min: number, wanted: number, free: readonly Free[]): ClaimedDevice[] | undefined {
  const cards = free.filter((one) => one.device.slice === undefined);
  const fitting = cards
    .filter((one) => one.free >= wanted - ROUNDING)
    .sort((a, b) => a.free - b.free)
    .at(0);
  if (fitting !== undefined) return [claimed(fitting.device, wanted)];
  const roomiest = cards.filter((one) => one.free >= min - ROUNDING).sort((a, b) => b.free - a.free)[0];
  if (roomiest === undefined) return undefined;
  const eighths = Math.floor(roomiest.free * EIGHTHS + ROUNDING) / EIGHTHS;
  return [claimed(roomiest.device, Math.max(min, eighths))];
}

function claimed({ key, id }: MachineDevice, share: number): ClaimedDevice {
  return { key, id, share };
}
