import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import type { ExecutionContext } from 'ava';

/**
 * Starts a program as a container has it: under a host name and in a pid namespace of its own, with the files of this
 * machine. A kill of what is returned kills all in it.
 */
export function startOnHost(
  t: ExecutionContext,
  { host, argv, ...options }: SpawnOptions & { host: string; argv: readonly string[] },
): ChildProcess {
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const namespaces = ['--uts', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const script = 'hostname "$0" && exec "$@"';
  const child = spawn('unshare', [...user, ...namespaces, 'sh', '-c', script, host, ...argv], options);
  t.teardown(() => child.kill('SIGKILL'));
  return child;
}
