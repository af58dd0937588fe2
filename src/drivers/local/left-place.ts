import { createHash, randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { waitingShellOf } from '../../os/detached.js';
import { commandLine, valuesOfVariable } from '../../os/process-table.js';
import type { LostRun } from '../driver.js';
import { LOCAL_REF_VERSION, type LocalPlaceRef, localRef, statusFile } from './local-ref.js';
import { MARKER_VARIABLE } from './workload-processes.js';

/** Value of the marker variable for a run: different for each, and it shows whose it is. */
export function newMarker(runFolder: string): string {
  return `${ownPart(runFolder)}${randomUUID()}`;
}

/**
 * The place of a run whose journal is lost: its processes carry a mark with the run in it, and the shell that waits for
 * its command was given the run's files. What has ended is known by the file for its exit status.
 */
export async function leftPlace({ taskId, runFolder }: LostRun): Promise<LocalPlaceRef | undefined> {
  const status = statusFile(runFolder);
  const marked = await Promise.all(
    (await valuesOfVariable(MARKER_VARIABLE)).map(async ({ pid, value }) => ({
      marker: value,
      shell: waitingShellOf(await commandLine(pid), status),
    })),
  );
  const own = marked.filter(({ marker, shell }) => shell || marker.startsWith(ownPart(runFolder)));
  const found = own.find(({ shell }) => shell) ?? own[0];
  const launched = await stat(status).then(
    () => true,
    () => false,
  );
  if (found === undefined && !launched) return undefined;
  const { members = '', lingers = false } = found?.shell ?? {};
  return localRef({
    kind: 'local',
    version: LOCAL_REF_VERSION,
    taskId,
    runFolder,
    marker: found?.marker ?? newMarker(runFolder),
    ...(members === '' ? {} : { controlGroup: path.dirname(members) }),
    reaper: lingers,
  });
}

function ownPart(runFolder: string): string {
  return `${createHash('sha256').update(runFolder).digest('hex').slice(0, 16)}-`;
}
