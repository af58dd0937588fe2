import fc from 'fast-check';

/** One task of a run, as its program is written. */
export interface TaskPlan {
  lines: number;
  /** Seconds between two lines. */
  pause: number;
  /** Characters of a line besides its number. */
  width: number;
  exitCode: number;
  /** Prints to standard error, too, and starts a child that ignores SIGTERM in a session of its own. */
  child: boolean;
}

/** What a user does to a task while it waits or runs. */
export const USER_ACTIONS = ['abort', 'reset', 'delete'] as const;
/** What happens to the connection. */
export const NETWORK_FAULTS = [
  'refuse',
  'reset-before',
  'reset-after',
  'hang',
  'drip',
  'half-answer',
  'status-429',
  'status-500',
  'status-503',
  'expired-token',
] as const;
/** What happens to processes, the disk and the clock. */
export const MACHINE_FAULTS = [
  'daemon-kill',
  'daemon-freeze',
  'daemon-hand-over',
  'server-kill',
  'workload-kill',
  'workload-freeze',
  'disk-full',
  'clock-jump',
] as const;

export type UserAction = (typeof USER_ACTIONS)[number];
export type NetworkFault = (typeof NETWORK_FAULTS)[number];
export type MachineFault = (typeof MACHINE_FAULTS)[number];
export type FaultKind = UserAction | NetworkFault | MachineFault;

export interface FaultPlan {
  kind: FaultKind;
  /** Milliseconds after the tasks were enqueued. */
  at: number;
  /** How long it lasts, milliseconds. */
  lasts: number;
  /** Which task or daemon it hits, counted around. */
  target: number;
}

export interface Scenario {
  tasks: TaskPlan[];
  /** Daemons on the one queue. */
  daemons: number;
  /** Tasks that one daemon runs at a time. */
  slots: number;
  faults: FaultPlan[];
}

const task: fc.Arbitrary<TaskPlan> = fc.record({
  lines: fc.integer({ min: 0, max: 400 }),
  pause: fc.constantFrom(0, 0.002, 0.02),
  width: fc.constantFrom(0, 20, 300),
  exitCode: fc.constantFrom(0, 0, 0, 3),
  child: fc.boolean(),
});

const fault: fc.Arbitrary<FaultPlan> = fc.record({
  kind: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom<FaultKind>(...NETWORK_FAULTS) },
    { weight: 5, arbitrary: fc.constantFrom<FaultKind>(...MACHINE_FAULTS) },
    { weight: 2, arbitrary: fc.constantFrom<FaultKind>(...USER_ACTIONS) },
  ),
  at: fc.integer({ min: 0, max: 6000 }),
  lasts: fc.integer({ min: 50, max: 3000 }),
  target: fc.nat(20),
});

const scenario: fc.Arbitrary<Scenario> = fc.record({
  tasks: fc.array(task, { minLength: 2, maxLength: 5, size: 'max' }),
  daemons: fc.constantFrom(1, 1, 2),
  slots: fc.constantFrom(1, 3),
  faults: fc.array(fault, { minLength: 1, maxLength: 6, size: 'max' }),
});

/** The same for the same seed. */
export function scenarioOf(seed: number): Scenario {
  const [made] = fc.sample(scenario, { seed, numRuns: 1 });
  if (made === undefined) throw new Error(`no scenario for seed ${seed}`);
  return { ...made, faults: made.faults.toSorted((a, b) => a.at - b.at) };
}
