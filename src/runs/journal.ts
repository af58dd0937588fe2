import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { TaskOwner } from '../api/owner.js';
import type { TaskRequirements } from '../api/task-record.js';
import type { PlaceRef, WorkloadRef } from '../drivers/driver.js';
import { refuseUnknownRef } from '../drivers/registry.js';
import { AgentError, isAgentError } from '../errors.js';
import { clearFolderAway, isMissing, JsonLinesFile, readJsonLines, writeFileDurable } from '../os/files.js';
import { refuseNewer } from '../os/format-version.js';
import type { GpuSnapshot } from '../task/gpu-watch.js';
import type { RunEnd, StoppedEnd } from '../task/outcome.js';
import type { RetryPlan } from '../task/retry-plan.js';
import { type TimeLimit, timeLimitIn } from '../task/time-limit.js';
import { type GrantRecord, grantIn } from './grant-record.js';

/**
 * The steps of one run of a task, each on disk before it is acted on:
 *
 *   popping ─► pulled ─► preparing ─► launched ─► ended ─► reported
 *                                        └─► stopping ─►┘
 *
 * A daemon that was killed reads them and knows what is still to do.
 */
export type JournalStep =
  /** About to take `task` off `queue`; any of the others may have been taken instead, or before. */
  | { step: 'popping'; task: string; queue: string; others?: readonly QueueEntry[] }
  | {
      step: 'pulled';
      task: string;
      queue: string | undefined;
      owner?: Partial<TaskOwner>;
      single?: SingleRun;
      grant?: GrantRecord;
    }
  | ({ step: 'preparing'; place: PlaceRef } & AttemptFacts)
  | { step: 'launched'; workload: WorkloadRef; gpus?: GpuSnapshot }
  /** The command is about to be ended: whatever it exits with from here on, `end` is what became of it. */
  | { step: 'stopping'; end: StoppedEnd }
  /** Written again before a retry takes effect, with what it is recognised by. */
  | { step: 'ended'; end: RunEnd; retry?: RetryPlan }
  /** The server knows the final status and has the whole log. */
  | { step: 'reported' };

/** What a later daemon, or another attempt, needs to know of this one. */
export interface AttemptFacts {
  /** Retries before this attempt. */
  retries?: number;
  /** The task's lists before this attempt; those of its end are frozen to what was installed on this machine. */
  requirements?: TaskRequirements;
  /** Counts from this attempt's start, whatever daemon ends it. */
  timeLimit?: TimeLimit;
}

/** A task and the queue that it waited in. */
export interface QueueEntry {
  task: string;
  queue: string;
}

/** A run of `agent execute`, whose worker id no process takes again: any agent of the same server may settle it. */
export interface SingleRun {
  /** Address of the API server. */
  server: string;
  worker: string;
}

export interface RunState extends AttemptFacts {
  task: string;
  queue: string | undefined;
  /** Whose task it is, where it runs with that one's identity. */
  owner?: Partial<TaskOwner>;
  single?: SingleRun;
  /** What of the machine it holds. */
  grant?: GrantRecord;
  /** What may have been taken off a queue without an answer. */
  others?: readonly QueueEntry[];
  last: JournalStep['step'];
  place?: PlaceRef;
  workload?: WorkloadRef;
  gpus?: GpuSnapshot;
  /** How it ends once its command is gone. */
  stop?: StoppedEnd;
  end?: RunEnd;
  retry?: RetryPlan;
}

const FILE = 'journal.jsonl';

/** Newest version of the entries. The first one had none; 3 has what a run holds of the machine, and ends by a time limit. */
const VERSION = 3;
/** Of entries without either: an agent of the version before reads them. */
const PLAIN_VERSION = 2;

export class Journal {
  readonly #file: JsonLinesFile;
  #state: RunState | undefined;

  private constructor(file: JsonLinesFile, state: RunState | undefined) {
    this.#file = file;
    this.#state = state;
  }

  /** @throws AgentError NEWER_FORMAT for what a later version of the program has written */
  static async open(runFolder: string): Promise<Journal> {
    const file = await JsonLinesFile.open(path.join(runFolder, FILE));
    try {
      return new Journal(file, stateOf(file.file, file.entries));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** What the journal of a run says, also while its own agent writes to it. Of one that cannot be read: nothing. */
  static async read(runFolder: string): Promise<RunState | undefined> {
    return readState(runFolder).catch(() => undefined);
  }

  /**
   * Why a journal does not say what became of its run: it is damaged although something was done in the folder, or a
   * later version of the program has written it. What belongs to the run may be running.
   *
   * @returns `undefined` for a journal that can be read, and for a run that only began
   */
  static async unreadable(runFolder: string): Promise<string | undefined> {
    const file = path.join(runFolder, FILE);
    try {
      if ((await readState(runFolder)) !== undefined) return undefined;
    } catch (error) {
      if (isAgentError(error, 'NEWER_FORMAT')) return error.message;
    }
    const names = await readdir(runFolder).catch(() => []);
    const isFile = await stat(file).then(
      (entry) => entry.isFile(),
      (error: unknown) => isMissing(error),
    );
    const onlyBegan = isFile && names.every((name) => name === FILE || name.startsWith('lock'));
    return onlyBegan ? undefined : `${file} is damaged`;
  }

  /**
   * Begins a damaged journal again, with the steps in it that are whole.
   *
   * @param known what is known of the run without it
   * @param found steps that the remains of the run on this machine show
   * @throws AgentError NEWER_FORMAT for what a later version of the program has written; DISK_FULL
   */
  static async restore(
    runFolder: string,
    known: { task: string; queue: string | undefined; grant?: GrantRecord },
    found: readonly JournalStep[] = [],
  ): Promise<Journal> {
    const file = path.join(runFolder, FILE);
    await clearFolderAway(file);
    const entries = await readJsonLines(file);
    stateOf(file, entries);
    const at = new Date().toISOString();
    const pulled: JournalStep = { step: 'pulled', ...known };
    const begin = { version: versionOf(pulled), ...pulled, at };
    const whole = entries.filter(isStep).filter(({ step }) => step !== 'popping' && step !== 'pulled');
    const added = found.map((step) => ({ version: PLAIN_VERSION, ...step, at }));
    await writeFileDurable(
      file,
      [begin, ...whole, ...added].map((one) => `${JSON.stringify(one)}\n`).join(''),
    );
    return Journal.open(runFolder);
  }

  /** What the steps so far say, or `undefined` where nothing was written. */
  get state(): RunState | undefined {
    return this.#state;
  }

  /** Resolves when the step is on disk. */
  async write(step: JournalStep): Promise<void> {
    await this.#file.append({ version: versionOf(step), ...step, at: new Date().toISOString() });
    this.#state = stateAfter(this.#state, step);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function versionOf(step: JournalStep): number {
  if (step.step === 'pulled') return step.grant !== undefined ? VERSION : PLAIN_VERSION;
  const limited = 'end' in step && step.end.kind === 'stop' && step.end.reason === 'time_limit';
  return limited ? VERSION : PLAIN_VERSION;
}

async function readState(runFolder: string): Promise<RunState | undefined> {
  const file = path.join(runFolder, FILE);
  return stateOf(file, await readJsonLines(file));
}

/** @throws AgentError NEWER_FORMAT */
function stateOf(file: string, entries: readonly unknown[]): RunState | undefined {
  for (const entry of entries) refuseUnknown(file, entry);
  return entries.filter(isStep).reduce(stateAfter, undefined as RunState | undefined);
}

/** A step that is left out because it is not known would make a task that runs look like one that never started. */
function refuseUnknown(file: string, entry: unknown): void {
  const { version, step, place, workload }: Partial<Record<string, unknown>> = { ...Object(entry) };
  refuseNewer(file, version, VERSION);
  if (typeof step === 'string' && !HOLDS.has(step))
    throw new AgentError(
      'NEWER_FORMAT',
      `${file} has the step ${JSON.stringify(step.slice(0, 40))}, which this version of the agent does not know`,
      { hint: 'Start the version again that wrote it, or a later one. Nothing was changed.' },
    );
  for (const ref of [place, workload]) refuseUnknownRef(file, ref);
}

/** A damaged one says nothing. */
function isStep(entry: unknown): entry is JournalStep {
  const { step, ...rest }: Partial<Record<string, unknown>> = { ...Object(entry) };
  const holds = HOLDS.get(String(step));
  return holds !== undefined && Object.entries(holds).every(([name, type]) => isOf(rest[name], type));
}

/** What each step cannot do without. */
type Members = Readonly<Record<string, 'string' | 'object'>>;

const HOLDS: ReadonlyMap<string, Members> = new Map<string, Members>([
  ['popping', { task: 'string', queue: 'string' }],
  ['pulled', { task: 'string' }],
  ['preparing', { place: 'object' }],
  ['launched', { workload: 'object' }],
  ['stopping', { end: 'object' }],
  ['ended', { end: 'object' }],
  ['reported', {}],
]);

function isOf(value: unknown, type: 'string' | 'object'): boolean {
  return typeof value === type && value !== null;
}

/** The state that one more step leads to. A step without a task before it means nothing. */
export function stateAfter(state: RunState | undefined, step: JournalStep): RunState | undefined {
  switch (step.step) {
    case 'popping':
      return { task: step.task, queue: step.queue, others: entriesIn(step.others), last: step.step };
    case 'pulled': {
      const { task, queue, owner, single } = step;
      const others = state?.others ? { others: state.others } : {};
      const grant = grantIn(step.grant);
      return {
        task,
        queue,
        last: step.step,
        ...others,
        ...(owner ? { owner } : {}),
        ...(single ? { single } : {}),
        ...(grant ? { grant } : {}),
      };
    }
    case 'preparing':
      return state && { ...state, last: step.step, place: step.place, ...attemptFacts(step) };
    case 'launched': {
      const gpus = step.gpus ? { gpus: step.gpus } : {};
      return state && { ...state, last: step.step, workload: step.workload, ...gpus };
    }
    case 'stopping':
      return state && { ...state, last: step.step, stop: step.end };
    case 'ended': {
      const retry = step.retry ? { retry: step.retry } : {};
      return state && { ...state, last: step.step, end: step.end, ...retry };
    }
    case 'reported':
      return state && { ...state, last: step.step };
  }
}

function attemptFacts({ retries, requirements, timeLimit }: AttemptFacts): AttemptFacts {
  const limit = timeLimitIn(timeLimit);
  return {
    ...(retries ? { retries } : {}),
    ...(requirements ? { requirements } : {}),
    ...(limit ? { timeLimit: limit } : {}),
  };
}

function entriesIn(others: unknown): QueueEntry[] {
  const found: unknown[] = Array.isArray(others) ? others : [];
  return found.filter((one): one is QueueEntry => {
    const { task, queue }: Partial<Record<string, unknown>> = { ...Object(one) };
    return typeof task === 'string' && typeof queue === 'string';
  });
}
