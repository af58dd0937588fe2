import { type Environment, gpuVisibility, selectedDevices } from '../../gpu/visibility.js';
import type { GrantRecord } from '../../runs/grant-record.js';
import type { RunFacts } from '../../task/context.js';

/** A run as it is now. Times are milliseconds since 1970. */
export interface RunView extends RunFacts {
  task: string;
  /** Id of the queue that it came from. */
  queue: string | undefined;
  /** Worker that it reports as. */
  worker: string;
  started: number;
  phaseSince: number;
  phase: RunPhase;
  /** Last line of its log with text, redacted; control characters of the task are still in it. */
  lastLine?: string;
}

/** Where a run is; the titles of the phases in `src/task/run.ts`, in the operator's words. */
export type RunPhase = 'starting' | 'preparing' | 'launching' | 'running' | 'reporting';

export type StartedRun = Pick<RunView, 'task' | 'queue' | 'worker'> &
  RunFacts & {
    /** Nothing of it runs; only its end is still reported. */
    phase?: RunPhase;
  };

const PHASES: Readonly<Record<string, RunPhase>> = {
  prepare: 'preparing',
  launch: 'launching',
  supervise: 'running',
  conclude: 'reporting',
};

/** Characters of a line that are kept. */
const LONGEST_LINE = 500;

/** The facts of the runs of a daemon, for everything that shows them: control socket, metrics, traces. */
export class RunBoard {
  readonly #runs = new Map<string, RunView>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  started({ phase = 'starting', ...run }: StartedRun): void {
    const now = this.#now();
    this.#runs.set(run.task, { ...run, started: now, phase, phaseSince: now });
  }

  /** @param facts those that became known */
  note(task: string, facts: RunFacts & Partial<Pick<RunView, 'worker'>>): void {
    const run = this.#runs.get(task);
    if (run !== undefined) Object.assign(run, facts);
  }

  /** @param title of a phase of a run; one that says nothing to an operator changes nothing */
  phase(task: string, title: string): void {
    const run = this.#runs.get(task);
    const phase = PHASES[title];
    if (run === undefined || phase === undefined || run.phase === phase) return;
    run.phase = phase;
    run.phaseSince = this.#now();
  }

  /** @param text of the run's log, of one or more lines */
  line(task: string, text: string): void {
    const run = this.#runs.get(task);
    const last = lastLineOf(text);
    if (run !== undefined && last !== '') run.lastLine = last;
  }

  ended(task: string): void {
    this.#runs.delete(task);
  }

  /** In the order of their start. */
  view(): RunView[] {
    return [...this.#runs.values()].map((run) => ({ ...run }));
  }
}

/** Looks from the end: a task may print thousands of lines a second. */
function lastLineOf(text: string): string {
  for (let end = text.length; end > 0; ) {
    const start = Math.max(text.lastIndexOf('\n', end - 1), text.lastIndexOf('\r', end - 1)) + 1;
    const line = text.slice(start, Math.min(end, start + LONGEST_LINE));
    if (line.trim() !== '') return line;
    end = start - 1;
  }
  return '';
}

/**
 * Names of the GPUs of a run; none where they are not known.
 *
 * @param environment of the run
 */
export function devicesOf(environment: Environment, grant: GrantRecord | undefined): readonly string[] {
  if (grant?.devices !== undefined) return grant.devices.map(({ id }) => id);
  const selection = selectedDevices(gpuVisibility({ env: environment }).visible);
  return selection.kind === 'list' ? selection.devices : [];
}
