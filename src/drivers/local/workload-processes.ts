import { setTimeout as sleep } from 'node:timers/promises';
import { AgentError } from '../../errors.js';
import type { ProcessEntry } from '../../os/process-table.js';
import {
  descendants,
  groupMembers,
  isAlive,
  killGroup,
  killTree,
  processesWithEnvironment,
  signalMarked,
  signalProcess,
} from '../../os/processes.js';

/** Set in the environment of all that is run for a task; processes that left their group are found by it. */
export const MARKER_VARIABLE = 'CLEARML_AGENT_WORKLOAD';

export interface ProcessSelection {
  marker: string;
  /** Leader of the command's process group, where the group is known to be the task's own. */
  leader?: number;
}

/** A process that survives SIGKILL for so long hangs in the kernel (a dead file server, a GPU driver). */
const STUCK_MS = 30_000;
const LOOK_AGAIN_MS = 25;
/** Trees are for the few that escape; a crowd is signalled one by one. */
const TREES_AT_ONCE = 16;

/**
 * Ends all processes of a selection: SIGTERM once (so that what they start to clean up may run), the grace,
 * then SIGKILL until nothing is left.
 *
 * @param kill ends the grace early
 * @returns whether SIGKILL was needed
 * @throws AgentError PROCESS_STUCK when some are still there long after SIGKILL
 */
export async function endProcesses(
  selection: ProcessSelection,
  graceMs: number,
  kill?: AbortSignal,
): Promise<boolean> {
  const found = await living(selection);
  if (found.length === 0) return false;
  if (graceMs > 0 && !kill?.aborted) {
    askToEnd(selection, found);
    if (await goneWithin(selection, graceMs, kill)) return false;
  }
  await killAll(selection);
  return true;
}

/** All living processes of a selection: its group, what descends from the leader, what carries the marker. */
export async function living({ marker, leader }: ProcessSelection): Promise<ProcessEntry[]> {
  const lists = await Promise.all([
    leader === undefined ? [] : groupMembers(leader),
    leader === undefined ? [] : descendants(leader),
    processesWithEnvironment(MARKER_VARIABLE, marker),
  ]);
  const entries = lists.flat().filter((entry) => entry.pid !== process.pid);
  return [...new Map(entries.map((entry) => [entry.pid, entry])).values()];
}

/** Waits until nothing of the selection is alive. `false` when the time is up before, or the signal aborts. */
export async function goneWithin(
  selection: ProcessSelection,
  timeMs: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const deadline = performance.now() + timeMs;
  let known = await living(selection);
  while (known.length > 0) {
    const left = deadline - performance.now();
    if (left <= 0 || signal?.aborted) return false;
    await sleep(Math.min(LOOK_AGAIN_MS, left));
    const alive = await Promise.all(known.map((entry) => isAlive(entry.pid, entry.startTime)));
    known = known.filter((_, index) => alive[index]);
    if (known.length === 0) known = await living(selection);
  }
  return true;
}

function askToEnd({ leader }: ProcessSelection, found: readonly ProcessEntry[]): void {
  if (leader !== undefined) killGroup(leader, 'SIGTERM');
  for (const entry of found) if (entry.group !== leader) signalProcess(entry.pid, 'SIGTERM');
}

/** The group goes first, in one system call: whatever respawns within it has no chance. */
async function killAll(selection: ProcessSelection): Promise<void> {
  const deadline = performance.now() + STUCK_MS;
  for (let left = await living(selection); left.length > 0; left = await living(selection)) {
    if (performance.now() > deadline) throw stuck(left);
    if (selection.leader !== undefined) killGroup(selection.leader, 'SIGKILL');
    signalMarked(MARKER_VARIABLE, selection.marker, 'SIGKILL');
    const escaped = await living(selection);
    await Promise.all(escaped.slice(0, TREES_AT_ONCE).map((entry) => killTree(entry.pid, 'SIGKILL')));
    for (const entry of escaped.slice(TREES_AT_ONCE)) signalProcess(entry.pid, 'SIGKILL');
    await sleep(LOOK_AGAIN_MS / 5);
  }
}

function stuck(left: readonly ProcessEntry[]): AgentError {
  const pids = left.map((entry) => entry.pid).join(', ');
  return new AgentError('PROCESS_STUCK', `processes of the task survive SIGKILL: ${pids}`, {
    hint: 'They wait in the kernel, mostly for a file server or a device; see their state with `ps -o pid,stat,wchan`.',
  });
}
