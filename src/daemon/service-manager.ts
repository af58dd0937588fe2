import { isAgentError } from '../errors.js';
import { run } from '../os/exec.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** The manager's own program sends the message; Node has no datagram sockets for it. */
const NOTIFY = 'systemd-notify';
const NOTIFY_MS = 10_000;

/**
 * Tells systemd that the daemon is ready, and from then on that it lives, twice within each of its watchdog's
 * intervals. Does nothing where no service manager waits for it.
 */
export async function tellServiceManager(env: Environment, signal?: AbortSignal): Promise<void> {
  if (!env.NOTIFY_SOCKET || !(await notify(env, '--ready'))) return;
  const interval = Number(env.WATCHDOG_USEC ?? 0) / 2000;
  if (!(interval > 0)) return;
  const timer = setInterval(() => void notify(env, 'WATCHDOG=1'), interval);
  timer.unref();
  signal?.addEventListener('abort', () => clearInterval(timer), { once: true });
}

async function notify(env: Environment, message: string): Promise<boolean> {
  try {
    return (await run([NOTIFY, message], { env, timeoutMs: NOTIFY_MS })).exitCode === 0;
  } catch (error) {
    if (isAgentError(error)) return false;
    throw error;
  }
}
