import type { QueueDemand } from './assignments.js';
import type { GpuClaims } from './gpu-claims.js';
import type { SlotBudget } from './slot-budget.js';
import type { TaskNeeds } from './task-needs.js';

export interface AdmissionOptions {
  workerId: string;
  claims: GpuClaims;
  demandOf(queue: { id: string; name?: string }): QueueDemand;
  /** CPU slots, none without `--slots`, and what their tasks have together. */
  budget: SlotBudget;
  /** Services at once. */
  services: number;
  /** Whether each task gets GPUs of its own (`--dynamic-gpus`). */
  givesGpus: boolean;
  /** `agent.gpu_sharing` */
  sharing: boolean;
  /** `agent.gpu_fraction_sharing` */
  fractionSharing: boolean;
  /** Whether another daemon of this user has a worker id. */
  isTaken(workerId: string): Promise<boolean>;
  /** `agent.gpu_reserve_after_sec` in milliseconds. */
  reserveAfterMs: number;
  needs: TaskNeeds;
  warn(line: string): void;
}
