import { overlaps } from '../../gpu/claims/shares.js';
import type { GpuFault } from '../../gpu/gpu-fault.js';
import { gpuVisibility } from '../../gpu/visibility.js';
import type { AgentContext } from '../../task/context.js';
import { Admission } from './admission.js';
import { changeOf } from './change-of.js';
import { GpuClaims, tellGpuFailure } from './gpu-claims.js';
import type { Grant } from './grant.js';
import { taskNeeds } from './task-needs.js';

/** What one run of `agent execute` holds, until it is closed. */
export interface OwnDevices {
  grant: Grant;
  /** A task found what is wrong with its GPUs. */
  failed(fault: GpuFault): Promise<void>;
  close(): Promise<void>;
}

/** A death that the system does not announce is seen after this. */
const LOOK_MS = 5_000;

/**
 * Waits until the GPUs of an agent without a queue are free, and claims them. An agent that a task runs on the same GPUs
 * has those of its task.
 *
 * @param run `state`: folder of the agents of this user; `task`: what is to run
 * @throws the reason of the signal when it aborts
 */
export async function claimOwnDevices(
  ctx: AgentContext,
  run: { state: string; task: string },
  signal: AbortSignal,
): Promise<OwnDevices> {
  const { config, gpus, logger, workerId } = ctx;
  const { state, task } = run;
  const warn = (line: string) => logger.warn(line);
  const { visible } = gpuVisibility({ env: config.env });
  const claims = new GpuClaims({
    config,
    state,
    gpus,
    visible,
    asNamed: false,
    warn,
    retired: tellGpuFailure(ctx),
  });
  const admission = new Admission({
    workerId,
    claims,
    demandOf: () => ({ kind: 'whole' }),
    budget: { slots: 0, total: {} },
    services: 0,
    givesGpus: false,
    sharing: config.agent.gpuSharing || (await isInside(claims, config.env.CLEARML_TASK_ID)),
    fractionSharing: false,
    isTaken: async () => false,
    needs: taskNeeds(ctx),
    reserveAfterMs: Number.POSITIVE_INFINITY,
    warn,
  });
  const close = () => admission.close();
  const wait = changeOf(admission);
  try {
    for (;;) {
      signal.throwIfAborted();
      const grant = await admission.admit({ id: '', entries: [task] });
      if (grant !== undefined) return { grant, failed: (fault) => admission.failed(fault), close };
      await wait(LOOK_MS, signal);
    }
  } catch (error) {
    await close();
    throw error;
  }
}

async function isInside(claims: GpuClaims, task: string | undefined): Promise<boolean> {
  if (!task) return false;
  const devices = await claims.devices();
  if (devices.length === 0) return false;
  const { claims: held } = await claims.read();
  return held.some(
    (claim) =>
      claim.task === task && claim.devices.some((one) => devices.some((device) => overlaps(one, device))),
  );
}
