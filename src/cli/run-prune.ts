import { journaledContainers } from '../daemon/runs/journaled-containers.js';
import { foundEngine } from '../drivers/docker/connect/found-engine.js';
import {
  removeStopped,
  type StoppedContainer,
  stoppedContainers,
} from '../drivers/docker/containers/stopped-containers.js';
import { Engine } from '../drivers/docker/engine.js';
import { AgentError, causeLine } from '../errors.js';
import { visibleJson } from '../logs/visible-text.js';
import { stateFolder } from '../os/paths.js';
import type { CommandContext } from './command.js';
import { type PruneItem, planPrune } from './prune/plan-prune.js';
import { sessionConfig, textList } from './session.js';
import { ageText, renderTable } from './table.js';

/** Long enough for anybody to look at a container that ended badly. */
const OLDER_THAN_SECONDS = 4 * 86_400;

interface Outcome {
  container: StoppedContainer;
  action: 'removed' | 'to be removed' | 'kept' | 'failed';
  /** Why it was kept, or why it could not be removed. */
  why?: string;
}

/** `agent prune`: removes stopped containers of tasks. 1 when one of them cannot be removed. */
export async function runPrune(context: CommandContext): Promise<number> {
  const { options, env, home, stdout } = context;
  const engine = await engineOf(context);
  const now = Date.now();
  const olderThanSeconds = typeof options.olderThan === 'number' ? options.olderThan : OLDER_THAN_SECONDS;
  const journaled = await journaledContainers(stateFolder(env, home));
  const plan = planPrune({
    containers: await stoppedContainers(engine, textList(options.label)),
    needs: new Map(journaled.containers.map((one) => [one.id, one])),
    unreadable: journaled.unreadable,
    now,
    olderThanSeconds,
    abandoned: options.abandoned === true,
  });
  const outcomes: Outcome[] = [];
  for (const item of plan) outcomes.push(await carryOut(engine, item, options.dryRun === true));
  stdout.write(options.json === true ? asJson(outcomes) : asTable(outcomes, now));
  return outcomes.some(({ action }) => action === 'failed') ? 1 : 0;
}

/** Podman's service is started for `--podman` alone. */
async function engineOf(context: CommandContext): Promise<Engine> {
  const { env } = sessionConfig(context);
  if (context.options.podman === true) return Engine.connect(env, 'podman');
  const found = await foundEngine(env);
  if (found !== undefined) return Engine.connect(found);
  throw new AgentError('DOCKER_ENGINE', "there is no socket of Docker's engine or of Podman's service", {
    hint: 'Start Docker or set DOCKER_HOST, or use --podman, which starts the service of Podman.',
  });
}

async function carryOut(
  engine: Engine,
  { container, keptFor }: PruneItem,
  dryRun: boolean,
): Promise<Outcome> {
  if (keptFor !== undefined) return { container, action: 'kept', why: keptFor };
  if (dryRun) return { container, action: 'to be removed' };
  try {
    const removed = await removeStopped(engine, container.id);
    return removed
      ? { container, action: 'removed' }
      : { container, action: 'kept', why: 'it was started again, or is gone already' };
  } catch (error) {
    return { container, action: 'failed', why: causeLine(error) };
  }
}

function asJson(outcomes: readonly Outcome[]): string {
  const containers = outcomes.map(({ container: { labels, ...facts }, action, why }) => ({
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
