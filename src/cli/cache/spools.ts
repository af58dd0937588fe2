import { type KeptRun, type KeptRunsQuery, listKeptRuns } from '../../runs/kept-runs.js';
import { removeRun } from '../../runs/remove-run.js';
import type { CachedItem, Survey } from './cached-item.js';

/**
 * What runs left: logs that were to be sent, output, code and packages.
 *
 * @param undelivered whether runs that the server does not know all of may go
 */
export async function surveySpools(query: KeptRunsQuery, undelivered: boolean): Promise<Survey> {
  const found = (await listKeptRuns(query)).map((run) => ({ run, item: describe(run, undelivered) }));
  const done = found.filter(({ run, item }) => run.runFolder !== undefined && item.hold === undefined);
  return {
    items: found.map(({ item }) => item),
    overLimits: done.map(({ run, item }) => ({ item, why: run.hold?.why ?? 'the server has all of it' })),
  };
}

function describe(run: KeptRun, undelivered: boolean): CachedItem {
  const { runFolder, workspace, bytes, lastUsed, hold } = run;
  return {
    kind: 'spools',
    what: `task ${run.task} of ${run.worker}${runFolder === undefined ? ', kept because it failed' : ''}`,
    folder: runFolder ?? workspace,
    bytes,
    lastUsed,
    hold: hold?.inUse === false && undelivered ? undefined : hold?.why,
    remove: () => removeRun(run, undelivered),
  };
}
