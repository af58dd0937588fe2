import { mixedTasks, seeded, simulate } from '../support/gpu-simulation.js';

const GPUS = 8;
const COUNT = 1000;
const LOAD = 0.95;
const SEEDS = [1, 2, 3, 4];
/** The default of `agent.gpu_reserve_after_sec`. */
const RESERVE_AFTER_MS = 600_000;

/** One row of the table: means over the seeds. */
interface Row {
  policy: string;
  utilisation: number;
  /** 95th percentile of the wait in minutes, by size. */
  waits: Readonly<Record<number, number>>;
}

/** 1,000 tasks of mixed sizes at 95 % load on 8 GPUs by a virtual clock: the daemon's policy and greedy starts. */
export function measureSimulation(): Row[] {
  const policies: [name: string, reserveAfterMs: number | undefined, limits: boolean][] = [
    ['greedy', undefined, false],
    ['reservations', RESERVE_AFTER_MS, false],
    ['reservations, stated times', RESERVE_AFTER_MS, true],
  ];
  return policies.map(([policy, reserveAfterMs, limits]): Row => {
    const runs = SEEDS.map((seed) => {
      const mixed = mixedTasks(seed, { count: COUNT, gpus: GPUS, load: LOAD });
      // People state up to twice what a task takes.
      const spare = seeded(seed);
      const tasks = limits ? mixed.map((task) => ({ ...task, limit: task.lasts * (1 + spare()) })) : mixed;
      return { tasks, result: simulate({ tasks, gpus: GPUS, reserveAfterMs }) };
    });
    const waits = [1, 2, 4, 8].map((size) => [
      size,
      mean(
        runs.map(({ tasks, result }) =>
          percentile95(tasks.filter((task) => task.size === size).map(({ id }) => result.waits.get(id) ?? 0)),
        ),
      ) / 60_000,
    ]);
    return {
      policy,
      utilisation: mean(runs.map(({ result }) => result.utilisation)),
      waits: Object.fromEntries(waits),
    };
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function percentile95(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length * 0.95)] ?? 0;
}
