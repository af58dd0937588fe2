import { setTimeout as sleep } from 'node:timers/promises';
import { AgentError } from '../../errors.js';
import { controlGroupPids, killControlGroup } from '../../os/control-group.js';
import {
  ignoresSignal,
  markedPidsNow,
  type ProcessEntry,
  pidsBelowNow,
  pidsWithVariable,
  processEntry,
  processTable,
} from '../../os/process-table.js';
import {
  groupLives,
  isAlive,
  killBelow,
  killGroup,
  killTree,
  signalMarked,
  signalProcess,
  withDescendants,
} from '../../os/processes.js';
import type { LocalPlaceRef } from './local-ref.js';

/** Set in the environment of all that is run for a task; processes that left their group are found by it. */
export const MARKER_VARIABLE = 'CLEARML_AGENT_WORKLOAD';

export interface ProcessSelection {
  marker: string;
  /** Leader of the command's process group, where the group is known to be the task's own. */
  leader?: number;
  /** Folder of the control group that all of them are in. */
  controlGroup?: string;
  /** Whether the leader is the subreaper of the others: it has to be the last to go. */
  reaper?: boolean;
}

export function holdOf({ marker, controlGroup, reaper }: LocalPlaceRef): ProcessSelection {
  return {
    marker,
    ...(controlGroup === undefined ? {} : { controlGroup }),
    ...(reaper === undefined ? {} : { reaper }),
  };
}

/** Processes of a run that are alive, by what the journal keeps of its command. */
export async function livingPids(
  place: LocalPlaceRef,
  { pid, startTime }: Readonly<Record<string, unknown>>,
): Promise<number[]> {
  const leads = typeof pid === 'number' && typeof startTime === 'string' && (await isAlive(pid, startTime));
  const found = await living({ ...holdOf(place), ...(leads ? { leader: pid } : {}) });
  return found.filter(({ zombie }) => !zombie).map((entry) => entry.pid);
}

/**
 * How long processes survive SIGKILL, in milliseconds, until they count as hanging in the kernel (a dead file server, a GPU
 * driver); `known` where they have hung before.
 */
export const STUCK_MS = { first: 30_000, known: 1000 };
const LOOK_AGAIN_MS = 25;
const DEAF_LOOK_MS = 100;
/** Trees are for the few that escape; a crowd is signalled one by one. */
const TREES_AT_ONCE = 16;

/**
 * Ends all processes of a selection: SIGTERM once (so that what they start to clean up may run), the grace,
 * then SIGKILL until nothing is left.
 *
 * @param kill ends the grace early
 * @param stuckMs see `STUCK_MS`
 * @returns whether SIGKILL was needed
 * @throws AgentError PROCESS_STUCK when some are still there long after SIGKILL
 */
export async function endProcesses(
  selection: ProcessSelection,
  graceMs: number,
  kill?: AbortSignal,
  stuckMs: number = STUCK_MS.first,
): Promise<boolean> {
  const found = await living(selection);
  if (found.length === 0) return false;
  if (graceMs > 0 && !kill?.aborted) {
    askToEnd(selection, found);
    if (await goneWithin(selection, graceMs, kill)) return false;
  }
  await killAll(selection, stuckMs);
  return true;
}

/**
 * All living processes of a selection: the leader's group, the members of the control group, what carries the marker, and
 * what descends from any of them.
 */
export async function living(selection: ProcessSelection): Promise<ProcessEntry[]> {
  const { leader } = selection;
  const now = await pidsNow(selection);
  // Nothing to tell apart: the whole table is read for nothing at the end of nearly every command.
  if (now.every((pid) => pid === leader) && (leader === undefined || !groupLives(leader))) return [];
  const table = await processTable();
  const pids = new Set(await pidsNow(selection));
  const listed = new Set(table.map((entry) => entry.pid));
  // What began while the table was read is not in it.
  const late = await Promise.all([...pids].filter((pid) => !listed.has(pid)).map((pid) => processEntry(pid)));
  const all = [...table, ...late.filter((entry) => entry !== undefined)];
  const roots = all.filter(
    (entry) => pids.has(entry.pid) || (leader !== undefined && entry.group === leader),
  );
  return withDescendants(all, roots).filter((entry) => !entry.zombie && entry.pid !== process.pid);
}

async function pidsNow({ marker, leader, controlGroup }: ProcessSelection): Promise<number[]> {
  const marked = await pidsWithVariable(MARKER_VARIABLE, marker);
  const members = controlGroup === undefined ? [] : controlGroupPids(controlGroup);
  return leader === undefined
    ? [...marked, ...members]
    : [...marked, ...members, leader, ...pidsBelowNow(leader)];
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

/**
 * Waits until nothing but the leader is alive that could act on SIGTERM: what ignores it uses no grace.
 *
 * @param forMs how long that has to last
 */
export async function deafWithin(
  selection: ProcessSelection,
  forMs: number,
  signal: AbortSignal,
): Promise<void> {
  for (let since = performance.now(); !signal.aborted && performance.now() - since < forMs; ) {
    const others = (await living(selection)).filter(({ pid }) => pid !== selection.leader);
    const deaf = await Promise.all(others.map(({ pid }) => ignoresSignal(pid, 'SIGTERM')));
    if (deaf.includes(false)) since = performance.now();
    await sleep(DEAF_LOOK_MS);
  }
}

/** A process that was stopped takes the signal only when it continues. */
function askToEnd({ leader }: ProcessSelection, found: readonly ProcessEntry[]): void {
  for (const signal of ['SIGTERM', 'SIGCONT'] as const) {
    if (leader !== undefined) killGroup(leader, signal);
    for (const entry of found) if (entry.group !== leader) signalProcess(entry.pid, signal);
  }
}

async function killAll(selection: ProcessSelection, stuckMs: number): Promise<void> {
  const deadline = performance.now() + stuckMs;
  for (let left = await living(selection); left.length > 0; left = await living(selection)) {
    if (performance.now() > deadline) throw stuck(left);
    if (selection.controlGroup !== undefined) killControlGroup(selection.controlGroup);
    if (selection.reaper && left.some((entry) => entry.pid !== selection.leader))
      killBelowReaper(selection, left);
    else await killEach(selection);
    await sleep(LOOK_AGAIN_MS / 5);
  }
}

/** The group goes first, in one system call: whatever respawns within it has no chance. */
async function killEach(selection: ProcessSelection): Promise<void> {
  if (selection.leader !== undefined) killGroup(selection.leader, 'SIGKILL');
  signalMarked(MARKER_VARIABLE, selection.marker, 'SIGKILL');
  const escaped = await living(selection);
  await Promise.all(escaped.slice(0, TREES_AT_ONCE).map((entry) => killTree(entry.pid, 'SIGKILL')));
  for (const entry of escaped.slice(TREES_AT_ONCE)) signalProcess(entry.pid, 'SIGKILL');
}

/**
 * All but the subreaper, which ends by itself when nothing is below it. The group is stopped first, so that nothing in it
 * respawns; what respawns outside becomes a child of the subreaper and is looked for again at once.
 */
function killBelowReaper({ leader, marker }: ProcessSelection, left: readonly ProcessEntry[]): void {
  if (leader !== undefined) killGroup(leader, 'SIGSTOP');
  for (const entry of left) if (entry.pid !== leader) signalProcess(entry.pid, 'SIGKILL');
  for (const pid of markedPidsNow(MARKER_VARIABLE, marker)) if (pid !== leader) signalProcess(pid, 'SIGKILL');
  if (leader === undefined) return;
  killBelow(leader);
  signalProcess(leader, 'SIGCONT');
}

function stuck(left: readonly ProcessEntry[]): AgentError {
  const pids = left.map((entry) => entry.pid).join(', ');
  return new AgentError('PROCESS_STUCK', `processes of the task survive SIGKILL: ${pids}`, {
    hint: 'They wait in the kernel, mostly for a file server or a device; see their state with `ps -o pid,stat,wchan`.',
  });
}
