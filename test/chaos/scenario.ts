import fc from 'fast-check';
import type { JournalStep } from '../../src/runs/journal.js';

/** Where the tasks of a run are run. */
export type Mode = 'process' | 'container';

/** One task of a run, as its program is written. */
export interface TaskPlan {
  lines: number;
  /** Seconds between two lines. */
  pause: number;
  /** Characters of a line besides its number. */
  width: number;
  exitCode: number;
  /** Starts a child that ignores SIGTERM in a session of its own. */
  child: boolean;
  /** Stays for this many seconds after its last line. A task that a user ends does, so that it cannot end by itself before. */
  linger: number;
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
/** What happens to processes, the disk and the clock, wherever tasks run. */
export const MACHINE_FAULTS = [
  'daemon-kill',
  'daemon-freeze',
  'daemon-hand-over',
  'daemon-stop',
  'server-kill',
  'workload-kill',
  'workload-freeze',
  'disk-full',
  'clock-jump',
] as const;
/** What happens to the shell that waits for a task's command. */
export const WRAPPER_FAULTS = ['wrapper-kill', 'wrapper-freeze'] as const;
/** What happens to the engine and its containers. */
export const ENGINE_FAULTS = [
  'engine-kill',
  'engine-stop',
  'engine-freeze',
  'container-kill',
  'container-stop',
  'container-pause',
  'container-remove',
] as const;

export type UserAction = (typeof USER_ACTIONS)[number];
export type NetworkFault = (typeof NETWORK_FAULTS)[number];
export type MachineFault =
  | (typeof MACHINE_FAULTS)[number]
  | (typeof WRAPPER_FAULTS)[number]
  | (typeof ENGINE_FAULTS)[number];
export type FaultKind = UserAction | NetworkFault | MachineFault;

/** Steps of a run's journal at which a fault may hit. */
export const STEPS = ['popping', 'pulled', 'preparing', 'launched', 'ended', 'reported'] as const;
export type Step = (typeof STEPS)[number] & JournalStep['step'];

export interface FaultPlan {
  kind: FaultKind;
  /** Milliseconds after the tasks were enqueued, or after the run of the target came to a step. */
  after: number;
  /** The step of the target's run that it waits for. */
  step?: Step | undefined;
  /** How long it lasts, milliseconds. */
  lasts: number;
  /** Which task or daemon it hits, counted around. */
  target: number;
}

export interface Scenario {
  mode: Mode;
  tasks: TaskPlan[];
  /** Daemons on the one queue. */
  daemons: number;
  /** Tasks that one daemon runs at a time. */
  slots: number;
  faults: FaultPlan[];
}

const task: fc.Arbitrary<TaskPlan> = fc.record({
  lines: fc.integer({ min: 0, max: 300 }),
  pause: fc.constantFrom(0, 0.002, 0.01),
  width: fc.constantFrom(0, 20, 300),
  exitCode: fc.constantFrom(0, 0, 0, 3),
  child: fc.boolean(),
  linger: fc.constantFrom(0, 0, 0.5),
});

/** Where a fault finds something to hit; elsewhere it may come at any step. */
const STEPS_OF: Partial<Record<FaultKind, readonly Step[]>> = {
  'workload-kill': ['launched'],
  'workload-freeze': ['launched'],
  'wrapper-kill': ['launched'],
  'wrapper-freeze': ['launched'],
  'container-kill': ['preparing', 'launched', 'ended'],
  'container-stop': ['preparing', 'launched', 'ended'],
  'container-pause': ['preparing', 'launched', 'ended'],
  'container-remove': ['preparing', 'launched', 'ended'],
};

/** At a time, or at a step of the journal. */
const momentOf = (kind: FaultKind): fc.Arbitrary<Pick<FaultPlan, 'after' | 'step'>> =>
  fc.oneof(
    {
      weight: STEPS_OF[kind] === undefined ? 1 : 0,
      arbitrary: fc.record({ after: fc.integer({ min: 0, max: 3500 }), step: fc.constant(undefined) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        after: fc.constantFrom(0, 0, 5, 20, 80, 300),
        step: fc.constantFrom<Step>(...(STEPS_OF[kind] ?? STEPS)),
      }),
    },
  );

const faultOf = (kinds: readonly FaultKind[]): fc.Arbitrary<FaultPlan> =>
  fc
    .constantFrom(...kinds)
    .chain((kind) =>
      fc
        .tuple(momentOf(kind), fc.record({ lasts: fc.integer({ min: 50, max: 1800 }), target: fc.nat(20) }))
        .map(([moment, rest]) => ({ kind, ...moment, ...rest })),
    );

const MODE_FAULTS: Readonly<Record<Mode, readonly FaultKind[]>> = {
  process: WRAPPER_FAULTS,
  container: ENGINE_FAULTS,
};

function scenario(mode: Mode): fc.Arbitrary<Scenario> {
  const own = MODE_FAULTS[mode];
  const fault = fc.oneof(
    { weight: 4, arbitrary: faultOf(NETWORK_FAULTS) },
    { weight: 5, arbitrary: faultOf(MACHINE_FAULTS) },
    { weight: mode === 'container' ? 5 : 1, arbitrary: faultOf(own) },
    { weight: 2, arbitrary: faultOf(USER_ACTIONS) },
  );
  return fc.record({
    mode: fc.constant(mode),
    tasks: fc.array(task, { minLength: 2, maxLength: mode === 'container' ? 4 : 5, size: 'max' }),
    daemons: fc.constantFrom(1, 1, 2),
    slots: fc.constantFrom(1, 3),
    faults: fc.array(fault, { minLength: 3, maxLength: 8, size: 'max' }),
  });
}

const LINGER_SECONDS = 60;

/** The same for the same seed. */
export function scenarioOf(seed: number, mode: Mode): Scenario {
  const [made] = fc.sample(scenario(mode), { seed, numRuns: 1 });
  if (made === undefined) throw new Error(`no scenario for seed ${seed}`);
  const ended = new Set(made.faults.filter(isUserAction).map(({ target }) => target % made.tasks.length));
  const tasks = made.tasks.map((one, index) => (ended.has(index) ? { ...one, linger: LINGER_SECONDS } : one));
  return { ...made, tasks };
}

function isUserAction({ kind }: FaultPlan): boolean {
  return USER_ACTIONS.some((one) => one === kind);
}
