import type { StoppedPlace, StoppedPlaces } from '../../drivers/module.js';
import { chosenDriver, stoppedPlaces } from '../../drivers/registry.js';
import { causeLine } from '../../errors.js';
import { visibleJson } from '../../logs/visible-text.js';
import { stateFolder } from '../../os/paths.js';
import { journaledPlaces } from '../../runs/journaled-places.js';
import type { CommandContext } from '../command.js';
import { sessionConfig, textList } from '../session.js';
import { ageText, renderTable } from '../table.js';
import { type PruneItem, planPrune } from './plan-prune.js';

/** Long enough for anybody to look at a container that ended badly. */
const OLDER_THAN_SECONDS = 4 * 86_400;

interface Outcome {
  container: StoppedPlace;
  action: 'removed' | 'to be removed' | 'kept' | 'failed';
  /** Why it was kept, or why it could not be removed. */
  why?: string;
}

/** `agent prune`: removes stopped containers of tasks. 1 when one of them cannot be removed. */
export async function runPrune(context: CommandContext): Promise<number> {
  const { options, env, home, stdout } = context;
  const stopped = await stoppedPlaces(sessionConfig(context), chosenDriver(options));
  const now = Date.now();
  const olderThanSeconds = typeof options.olderThan === 'number' ? options.olderThan : OLDER_THAN_SECONDS;
  const journaled = await journaledPlaces(stateFolder(env, home));
  const plan = planPrune({
    containers: await stopped.list(textList(options.label)),
    needs: new Map(journaled.places.map((one) => [one.id, one])),
    unreadable: journaled.unreadable,
    now,
    olderThanSeconds,
    abandoned: options.abandoned === true,
  });
  const outcomes: Outcome[] = [];
  for (const item of plan) outcomes.push(await carryOut(stopped, item, options.dryRun === true));
  stdout.write(options.json === true ? asJson(outcomes) : asTable(outcomes, now));
  return outcomes.some(({ action }) => action === 'failed') ? 1 : 0;
}

async function carryOut(
  stopped: StoppedPlaces,
  { container, keptFor }: PruneItem,
  dryRun: boolean,
): Promise<Outcome> {
  if (keptFor !== undefined) return { container, action: 'kept', why: keptFor };
  if (dryRun) return { container, action: 'to be removed' };
  try {
    const removed = await stopped.remove(container.id);
    return removed
      ? { container, action: 'removed' }
      : { container, action: 'kept', why: 'it was started again, or is gone already' };
  } catch (error) {
    return { container, action: 'failed', why: causeLine(error) };
  }
}

function asJson(outcomes: readonly Outcome[]): string {
  const containers = outcomes.map(({ container: { labels, runFolder: _, ...facts }, action, why }) => ({
    ...facts,
    worker: labels['clearml-worker-id'] ?? null,
    action,
    ...(why === undefined ? {} : { why }),
  }));
  return `${visibleJson({ containers })}\n`;
}

function asTable(outcomes: readonly Outcome[], now: number): string {
  if (outcomes.length === 0) return 'There are no stopped containers of tasks.\n';
  const rows = outcomes.map(({ container, action, why }) => [
    container.name || container.id.slice(0, 12),
    container.labels['clearml-worker-id'] ?? '-',
    container.image,
    container.state === 'created' ? 'never started' : `status ${container.exitCode}`,
    ageText(container.since, now),
    why === undefined ? action : `${action}: ${why}`,
  ]);
  const headings = ['CONTAINER', 'WORKER', 'IMAGE', 'ENDED WITH', 'WHEN', ''];
  const of = (action: Outcome['action']) => outcomes.filter((one) => one.action === action).length;
  const counts = (['removed', 'to be removed', 'failed', 'kept'] as const)
    .filter((action) => of(action) > 0)
    .map((action) => `${of(action)} ${action}`);
  return `${renderTable({ headings, rows })}\n${counts.join(', ')}\n`;
}
