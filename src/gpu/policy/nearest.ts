import type { MachineDevice } from '../machine-devices.js';

/** Of each pair of cards, by their numbers; smaller is nearer. */
export type Distances = readonly (readonly number[])[];

/** More sets of devices than this are not compared: the set then grows by the nearest device. */
const MOST_SETS = 20_000;
/** Farther than any connection of `nvidia-smi topo -m`. */
const UNKNOWN = 10;

/**
 * The devices of one task out of those that are free: the set whose pairs are nearest to each other. Of equal sets the one
 * that is farthest from the rest wins, so that neighbours that are both free stay together for the next task.
 *
 * @param free in order of preference
 * @param distances `undefined` where the machine's topology is unknown: the first devices win
 */
export function nearestDevices<T extends Pick<MachineDevice, 'card'>>(
  free: readonly T[],
  count: number,
  distances: Distances | undefined,
): T[] {
  if (distances === undefined || count >= free.length) return free.slice(0, count);
  const sets =
    combinations(free.length, count) > MOST_SETS ? grown(free, count, distances) : subsets(free, count);
  let best: { set: readonly T[]; score: Score } | undefined;
  for (const set of sets) {
    const score = scoreOf(set, free, distances);
    if (best === undefined || isBetter(score, best.score)) best = { set, score };
  }
  return [...(best?.set ?? [])];
}

interface Score {
  inside: number;
  outside: number;
}

function scoreOf<T extends Pick<MachineDevice, 'card'>>(
  set: readonly T[],
  free: readonly T[],
  distances: Distances,
): Score {
  const rest = free.filter((one) => !set.includes(one));
  const sum = (from: readonly T[], to: readonly T[]) =>
    from.flatMap((one) => to.map((other) => distance(one, other, distances))).reduce((a, b) => a + b, 0);
  return { inside: sum(set, set), outside: sum(set, rest) };
}

function isBetter(one: Score, other: Score): boolean {
  return one.inside < other.inside || (one.inside === other.inside && one.outside > other.outside);
}

function distance<T extends Pick<MachineDevice, 'card'>>(one: T, other: T, distances: Distances): number {
  return one === other ? 0 : (distances[one.card]?.[other.card] ?? UNKNOWN);
}

/** From each device the set that takes the nearest one at each step. */
function grown<T extends Pick<MachineDevice, 'card'>>(
  free: readonly T[],
  count: number,
  distances: Distances,
): T[][] {
  return free.map((first) => {
    const set = [first];
    while (set.length < count) {
      const left = free.filter((one) => !set.includes(one));
      const away = (one: T) => set.reduce((total, other) => total + distance(one, other, distances), 0);
      const next = left.reduce((a, b) => (away(b) < away(a) ? b : a));
      set.push(next);
    }
    return set;
  });
}

function* subsets<T>(items: readonly T[], count: number, from = 0): Generator<T[]> {
  if (count === 0) {
    yield [];
    return;
  }
  for (let at = from; at <= items.length - count; at += 1) {
    const item = items[at];
    if (item === undefined) return;
    for (const rest of subsets(items, count - 1, at + 1)) yield [item, ...rest];
  }
}

function combinations(total: number, count: number): number {
  let result = 1;
  for (let at = 1; at <= Math.min(count, total - count); at += 1) result = (result * (total - at + 1)) / at;
  return result;
}
