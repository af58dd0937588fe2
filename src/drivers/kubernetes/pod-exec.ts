import { AgentError } from '../../errors.js';
import type { ContainerExec } from '../container/container-exec.js';
import type { Cluster } from './cluster.js';
import { openSession } from './pod-session.js';

export interface PodContainer {
  pod: string;
  container: string;
}

export interface PodCommand extends Omit<ContainerExec, 'input' | 'onOutput'> {
  /** Written to the command's standard input, which ends with it. */
  input?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** The next piece waits for what it returns. */
  onOutput(data: Uint8Array, stream: 'stdout' | 'stderr'): unknown;
}

/** Runs a command to its end. @returns its exit code */
export type RunInPod = (command: PodCommand) => Promise<number>;

/**
 * Runs a command in a container of a pod to its end. `user` has no effect: it runs as the container's user.
 *
 * @returns its exit code
 * @throws AgentError KUBERNETES for a connection that breaks off, KUBERNETES_POD for a container that takes no command
 */
export async function execInPod(cluster: Cluster, where: PodContainer, command: PodCommand): Promise<number> {
  const session = await openSession(cluster, where, command.signal);
  return exitCodeOf(where, await session.run(command));
}

interface ExecStatus {
  status?: string;
  reason?: string;
  message?: string;
  details?: { causes?: { reason?: string; message?: string }[] };
}

/** The exit code in the Status object of a command. */
export function exitCodeOf({ pod, container }: PodContainer, answer: unknown): number {
  const { status, message = '', details } = Object(answer) as ExecStatus;
  if (status === 'Success') return 0;
  const code = details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  if (code !== undefined) return Number(code);
  throw new AgentError('KUBERNETES_POD', `container ${container} of pod ${pod} takes no command: ${message}`);
}
