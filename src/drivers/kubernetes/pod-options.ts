import type { GivenOption } from '../../container/run-options/option.js';
import { AgentError } from '../../errors.js';

/** Options of `docker run` that a pod has in its own way. */
const MAPPED: ReadonlySet<string> = new Set(
  (
    'add-host annotation cap-add cap-drop cpus dns dns-option dns-search env env-file gpus hostname ipc label label-file ' +
    'memory memory-reservation mount network pid privileged pull read-only security-opt shm-size tmpfs user volume workdir'
  ).split(' '),
);
/** Those that have no meaning here, because the driver itself decides what they are about. */
const WITHOUT_MEANING: ReadonlySet<string> = new Set(
  (
    'attach cidfile detach detach-keys disable-content-trust entrypoint expose init interactive log-driver log-opt name ' +
    'no-healthcheck oom-score-adj platform quiet restart rm sig-proxy stop-signal stop-timeout tty'
  ).split(' '),
);

/**
 * Refuses by name what Kubernetes lacks.
 *
 * @throws AgentError DOCKER_ARGUMENT
 */
export function refuseUnknownOptions(options: readonly GivenOption[]): void {
  const other = options.find(({ option }) => !MAPPED.has(option.name) && !WITHOUT_MEANING.has(option.name));
  if (other !== undefined) throw notHere(other.written, other.value);
}

/** @returns the error for an option, or a value of one, that Kubernetes lacks */
export function notHere(written: string, value: string): AgentError {
  return new AgentError(
    'DOCKER_ARGUMENT',
    `docker argument ${written} ${value}: Kubernetes has no such thing`,
    {
      hint: 'Leave it out, or set the field of the pod in agent.kubernetes.pod_template.',
    },
  );
}
