import { isNumbered } from '../devices.js';
import type { Claim, ClaimedDevice, Device, OutOfService } from './types.js';

type Named = Pick<Device, 'id' | 'key'>;

/** Parts of a device are sums of decimal fractions: 0.1 + 0.2 + 0.7 is a whole one. */
const ROUNDING = 1e-9;

/** Part of a device that claims take, 0 for a free one. A card is taken whole by a claim of one of its slices, and back. */
export function takenShare(claims: readonly Pick<Claim, 'devices'>[], device: Named): number {
  const shares = claims
    .flatMap(({ devices }) => devices)
    .map((one) => (isSame(one, device) ? one.share : overlaps(one, device) ? 1 : 0));
  return shares.reduce((sum, share) => sum + share, 0);
}

/** The first device of a claim of which less is free. */
export function overdrawn(
  claims: readonly Pick<Claim, 'devices'>[],
  wanted: readonly ClaimedDevice[],
): ClaimedDevice | undefined {
  return wanted.find((device) => takenShare(claims, device) + device.share > 1 + ROUNDING);
}

/** Why no task gets a device, or `undefined`. A card that is out of service takes its slices along. */
export function outOfServiceFor(entries: readonly OutOfService[], device: Named): OutOfService | undefined {
  return entries.find((entry) => overlaps(entry, device));
}

/** Whether two names mean one device, or a card and a slice of it. */
export function overlaps(one: Named, other: Named): boolean {
  return isSame(one, other) || cardHoldsSlice(one, other) || cardHoldsSlice(other, one);
}

/** A device that one agent knows only by its number is the one with that number of an agent that knows more. */
function isSame(one: Named, other: Named): boolean {
  return one.key === other.key || (one.id === other.id && [one, other].some(isNumbered));
}

function cardHoldsSlice(card: Named, slice: Named): boolean {
  return !card.id.includes('.') && slice.id.startsWith(`${card.id}.`);
}
