import type { WorkerIdentity } from '../../daemon/worker-id.js';
import type { RegisteredDaemon } from '../../runs/registry.js';

/**
 * The daemon that the flags of this command would have started: by the chosen id; by the GPUs, or the first that
 * shares them; without either the first that has a number, else the first of this name.
 */
export function chooseDaemon<Daemon extends Pick<RegisteredDaemon, 'workerId'>>(
  living: readonly Daemon[],
  { id, name, fixed }: WorkerIdentity,
): Daemon | undefined {
  const prefix = id ?? name;
  const exact = living.find(({ workerId }) => workerId === id);
  if (fixed || exact !== undefined) return exact;
  const numbered = living.find(
    ({ workerId }) => workerId.startsWith(`${prefix}:`) && /^\d+$/.test(workerId.slice(prefix.length + 1)),
  );
  if (numbered !== undefined || id !== undefined) return numbered;
  return living.find(({ workerId }) => workerId.startsWith(`${name}:`));
}
