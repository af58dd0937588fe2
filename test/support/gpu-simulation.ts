import type { Claim } from '../../src/gpu/claims/types.js';
import type { MachineDevice } from '../../src/gpu/machine-devices.js';
import { type GpuDemand, pickDevices } from '../../src/gpu/pick-devices.js';
import { firstToStart, type HeldDevices, MOST_AHEAD, reserveDevices } from '../../src/gpu/policy/reserve.js';

/** A task of the simulation; times in milliseconds of a virtual clock that begins at 0. */
export interface SimulatedTask {
  id: number;
  size: number;
  arrives: number;
  lasts: number;
  /** Its stated time limit. */
  limit?: number;
}

export interface SimulationOptions {
  tasks: readonly SimulatedTask[];
  gpus: number;
  /** `undefined`: no reservations, any task that fits starts. */
  reserveAfterMs: number | undefined;
  /** Told each start, with the reservation of that moment. */
  onStart?(start: {
    task: SimulatedTask;
    at: number;
    devices: readonly string[];
    held: HeldDevices | undefined;
    /** Tasks before it in its queue, which stay there. */
    overtaken: readonly SimulatedTask[];
  }): void;
  /** Told what the first task of a queue keeps free. */
  onReserve?(reservation: { task: SimulatedTask; held: HeldDevices }): void;
}

export interface SimulationResult {
  /** Part of the GPUs' time until the last arrival that tasks used. */
  utilisation: number;
  /** Milliseconds that each task waited, by task id. */
  waits: ReadonlyMap<number, number>;
}

interface Running {
  task: SimulatedTask;
  ends: number;
  claim: Pick<Claim, 'devices' | 'endsBy'>;
}

/** Runs tasks through the daemon's own policy by a virtual clock: one queue for each size, smallest first. */
export function simulate({
  tasks,
  gpus,
  reserveAfterMs,
  onStart,
  onReserve,
}: SimulationOptions): SimulationResult {
  const devices = Array.from(
    { length: gpus },
    (_, card): MachineDevice => ({ id: `${card}`, key: `GPU-${card}`, card }),
  );
  const sizes = [...new Set(tasks.map(({ size }) => size))].sort((a, b) => a - b);
  const queues = new Map(sizes.map((size) => [size, [] as SimulatedTask[]]));
  const waits = new Map<number, number>();
  const refused = new Map<number, number>();
  const arrivals = [...tasks].sort((a, b) => a.arrives - b.arrives);
  const lastArrival = arrivals.at(-1)?.arrives ?? 0;
  let running: Running[] = [];
  let used = 0;
  let now = 0;
  let at = 0;

  const heldNow = (asking: SimulatedTask) =>
    reserveAfterMs === undefined
      ? undefined
      : reserveDevices({
          waiting: [...new Map([...refused, [asking.size, asking.arrives]])].map(([size, since]) => ({
            queue: `${size}`,
            demand: exactly(size),
            since,
          })),
          devices,
          claims: running.map(({ claim }) => claim),
          now,
          afterMs: reserveAfterMs,
        });

  const endOf = ({ limit }: SimulatedTask): Pick<Claim, 'endsBy'> =>
    limit === undefined ? {} : { endsBy: now + limit };

  const tryQueue = (size: number, queue: SimulatedTask[]): boolean => {
    const [head] = queue;
    if (head === undefined) return false;
    const held = heldNow(head);
    const requests = queue.slice(0, MOST_AHEAD).map((task) => ({ queue: `${size}`, ...endOf(task) }));
    const claims = running.map(({ claim }) => claim);
    const start = firstToStart(held, requests, devices, (set) =>
      pickDevices({ demand: exactly(size), devices: set, claims, shares: true }),
    );
    if (start?.at === 0) refused.delete(size);
    else refused.set(size, head.arrives);
    if (start === undefined) {
      const mine = heldNow(head);
      if (mine?.queue === `${size}`) onReserve?.({ task: head, held: mine });
      return false;
    }
    const overtaken = queue.slice(0, start.at);
    for (const task of queue.splice(start.at, 1)) {
      onStart?.({ task, at: now, devices: start.devices.map(({ id }) => id), held, overtaken });
      waits.set(task.id, now - task.arrives);
      const ends = now + task.lasts;
      used += size * Math.max(0, Math.min(ends, lastArrival) - Math.min(now, lastArrival));
      running.push({ task, ends, claim: { devices: start.devices, ...endOf(task) } });
    }
    return true;
  };

  while (waits.size < tasks.length) {
    const due =
      reserveAfterMs === undefined ? [] : [...refused.values()].map((since) => since + reserveAfterMs);
    const moments = [
      arrivals[at]?.arrives,
      ...running.map(({ ends }) => ends),
      ...due.filter((one) => one > now),
    ];
    now = Math.min(...moments.filter((one): one is number => one !== undefined));
    running = running.filter(({ ends }) => ends > now);
    for (let next = arrivals[at]; next !== undefined && next.arrives <= now; next = arrivals[at]) {
      queues.get(next.size)?.push(next);
      at += 1;
    }
    while ([...queues].some(([size, queue]) => tryQueue(size, queue)));
  }
  return { utilisation: used / (gpus * lastArrival), waits };
}

function exactly(size: number): GpuDemand {
  return { min: size, max: size };
}

/** A generator of numbers from 0 to below 1 (mulberry32), the same for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const SIZES: readonly [size: number, part: number][] = [
  [1, 0.6],
  [2, 0.2],
  [4, 0.15],
  [8, 0.05],
];
/** @param at from 0 to below 1 */
function sizeAt(at: number): number {
  let sum = 0;
  for (const [size, part] of SIZES) {
    sum += part;
    if (at < sum) return size;
  }
  return 1;
}

const MEDIAN_MS = 20 * 60_000;
const SIGMA = 1;

/** Mixed sizes, log-normal durations, Poisson arrivals at a load of the GPUs. */
export function mixedTasks(
  seed: number,
  { count, gpus, load, limits = 0 }: { count: number; gpus: number; load: number; limits?: number },
): SimulatedTask[] {
  const random = seeded(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const meanSize = SIZES.reduce((sum, [size, part]) => sum + size * part, 0);
  const meanMs = MEDIAN_MS * Math.exp(SIGMA ** 2 / 2);
  const gapMs = (meanSize * meanMs) / (gpus * load);
  let arrives = 0;
  return Array.from({ length: count }, (_, id) => {
    arrives += -Math.log(1 - random()) * gapMs;
    const pick = random();
    const size = sizeAt(pick);
    const lasts = MEDIAN_MS * Math.exp(SIGMA * normal());
    return { id, size, arrives, lasts, ...(random() < limits ? { limit: lasts * (1 + random()) } : {}) };
  });
}
