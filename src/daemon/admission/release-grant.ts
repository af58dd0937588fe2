import { livingProcesses } from '../../drivers/registry.js';
import { causeLine } from '../../errors.js';
import type { Journal, RunState } from '../../runs/journal.js';
import type { Grant } from './grant.js';

/** A run that ended by an error may have left its command running; then its devices stay with it. */
export async function releaseGrant(
  grant: Grant,
  { state }: Journal,
  warn: (line: string) => void,
): Promise<void> {
  const keeps = state === undefined ? undefined : await runsOn(state);
  if (keeps !== undefined) {
    warn(`task ${state?.task}: ${keeps}, so what it holds of the machine stays with it`);
    return;
  }
  await grant.release().catch((error: unknown) => warn(`GPUs stay claimed: ${causeLine(error)}`));
}

/** Why the command of a run may still run. */
async function runsOn(state: RunState): Promise<string | undefined> {
  if (state.last === 'reported') return undefined;
  const pids = await livingProcesses(state);
  // Only its own driver sees them, and it ended the run and does not say whether its command runs.
  if (pids === undefined)
    return state.last === 'launched' || state.last === 'stopping' ? 'its command may run on' : undefined;
  return pids.length > 0 ? `its processes run on (${pids.slice(0, 5).join(', ')})` : undefined;
}
