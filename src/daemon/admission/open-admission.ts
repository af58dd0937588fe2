import { gpuVisibility } from '../../gpu/visibility.js';
import { lockHolder } from '../../os/lock.js';
import { workerFolder } from '../../os/paths.js';
import { workerLock } from '../../runs/registry.js';
import type { AgentContext } from '../../task/context.js';
import type { QueueColumn } from '../announcement.js';
import type { DaemonOptions } from '../daemon.js';
import type { ResolvedQueue } from '../queues/resolve-queues.js';
import { Admission } from './admission.js';
import type { QueueAssignment, QueueDemand } from './assignments.js';
import { GpuClaims, tellGpuFailure } from './gpu-claims.js';
import { beyondMachine, slotBudget } from './slot-budget.js';
import { taskNeeds } from './task-needs.js';

/**
 * Demands by name and id of the queues, of which one that is made again has a new id.
 *
 * @param assigned those of `--queue`; none where the server's default queue is served
 * @param queues the same, in the same order
 */
function demandsOf(
  assigned: readonly QueueAssignment[],
  queues: readonly ResolvedQueue[],
): ReadonlyMap<string, QueueDemand> {
  return new Map(
    assigned.flatMap(({ demand }, at) => {
      const { id, name } = queues[at] ?? {};
      return [id, name].flatMap((key): [string, QueueDemand][] => (key === undefined ? [] : [[key, demand]]));
    }),
  );
}

/** GPUs of a queue's tasks as the table of queues shows them, where the daemon gives out GPUs. */
export function gpuColumns(
  { dynamicGpus, assigned }: DaemonOptions,
  queues: readonly ResolvedQueue[],
): QueueColumn[] {
  if (dynamicGpus === undefined) return [];
  const demands = demandsOf(assigned, queues);
  const cell = ({ id }: ResolvedQueue) => {
    const demand = demands.get(id);
    return demand?.kind === 'gpus' ? `(${demand.min}, ${demand.max})` : '(0, 0)';
  };
  return [{ title: 'gpus (min, max)', cell }];
}

export async function openAdmission(
  options: DaemonOptions,
  ctx: AgentContext,
  queues: readonly ResolvedQueue[],
): Promise<Admission> {
  const { config, logger, state } = options;
  const { gpuSharing, gpuFractionSharing } = config.agent;
  const warn = (line: string) => logger.warn(line);
  const { visible } = gpuVisibility({ env: config.env });
  const claims = new GpuClaims({
    config,
    state,
    gpus: ctx.gpus,
    visible,
    asNamed: options.dynamicGpus !== undefined,
    warn,
    retired: tellGpuFailure(ctx),
  });
  const budget = slotBudget(config, options.slots ?? 0);
  for (const line of beyondMachine(budget)) warn(line);
  const demands = demandsOf(options.assigned, queues);
  const fallback: QueueDemand = options.assigned[0]?.demand ?? defaultDemand(options);
  return new Admission({
    workerId: ctx.workerId,
    claims,
    demandOf: ({ id, name }) => demands.get(id) ?? demands.get(name ?? id) ?? fallback,
    budget,
    services: options.services === undefined ? 0 : (options.services.limit ?? Number.POSITIVE_INFINITY),
    givesGpus: options.dynamicGpus !== undefined,
    sharing: gpuSharing,
    fractionSharing: gpuFractionSharing,
    isTaken: async (id) => (await lockHolder(workerLock(workerFolder(state, id)))) !== undefined,
    needs: taskNeeds(ctx),
    reserveAfterMs: 1000 * config.agent.gpuReserveAfterSec,
    warn,
  });
}

/** Of the server's default queue. */
function defaultDemand({ slots, services }: DaemonOptions): QueueDemand {
  return { kind: slots !== undefined ? 'slot' : services !== undefined ? 'service' : 'whole' };
}
