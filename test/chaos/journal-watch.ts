import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { STEPS, type Step } from './scenario.js';

/** Between two looks: steps of the set-up are a few milliseconds apart. */
const LOOK_MS = 6;

/** Where a run has come to. */
export interface Reached {
  /** Whose run it is, counted as the daemons are. */
  daemon: number;
}

/**
 * Looks at the journals from outside until the run of a task has come to a step, or past it.
 *
 * @param state folder with the state folders of the daemons, `agent0` and so on
 * @returns `undefined` when the signal ended the wait
 */
export async function untilStep(
  state: string,
  { task, step }: { task: string; step: Step },
  signal: AbortSignal,
): Promise<Reached | undefined> {
  let seen: Reached | undefined;
  while (!signal.aborted) {
    const runs = runsOf(state, task);
    // The folder of a run that was reported goes at once.
    if (runs.length === 0 && seen !== undefined && step === 'reported') return seen;
    for (const { folder, daemon } of runs) {
      const last = lastStep(folder);
      if (last === 'launched' || last === 'ended') seen = { daemon };
      if (last !== undefined && STEPS.indexOf(last) >= STEPS.indexOf(step)) return { daemon };
    }
    await sleep(LOOK_MS);
  }
  return undefined;
}

function runsOf(state: string, task: string): { folder: string; daemon: number }[] {
  return namesIn(state).flatMap((agent) => {
    const daemon = Number(/^agent(\d+)$/.exec(agent)?.[1]);
    if (Number.isNaN(daemon)) return [];
    const workers = path.join(state, agent, 'workers');
    return namesIn(workers).flatMap((worker) => {
      const runs = path.join(workers, worker, 'runs');
      const own = namesIn(runs).filter((name) => name.startsWith(`${task}-`));
      return own.map((name) => ({ folder: path.join(runs, name), daemon }));
    });
  });
}

function lastStep(folder: string): Step | undefined {
  try {
    const text = readFileSync(path.join(folder, 'journal.jsonl'), 'utf8');
    const last = [...text.matchAll(/"step":"(\w+)"/g)].at(-1)?.[1];
    return STEPS.find((step) => step === last);
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
