import { endDaemon, livingDaemons, type RegisteredDaemon } from '../daemon/registry.js';
import { stateFolder } from '../os/paths.js';
import type { CommandContext } from './command.js';
import { identityOf } from './identity.js';
import { configFlags, sessionConfig, textList } from './session.js';

/** A daemon gets this long after each polite signal; its task may need some of it. */
const GRACE_MS = 10_000;

/**
 * `agent daemon --stop [ids…]`: stops the named daemons, or the one that the same flags would have started.
 *
 * @returns 0 when every one was found, 1 otherwise
 */
export async function stopDaemons(context: CommandContext): Promise<number> {
  const living = await livingDaemons(stateFolder(context.env, context.home));
  const wanted = textList(context.options.stop);
  const identity = identityOf(context, sessionConfig(context, configFlags(context.options)));
  const found =
    wanted.length > 0
      ? wanted.map((id) => living.find((one) => one.workerId === id))
      : [pick(living, identity)];
  for (const [index, daemon] of found.entries()) {
    if (daemon === undefined) {
      const name = wanted[index] ?? identity.id ?? identity.name;
      context.stdout.write(`Could not find a running agent with the worker id ${name}${others(living)}\n`);
      continue;
    }
    context.stdout.write(`Terminating clearml-agent worker_id=${daemon.workerId} pid=${daemon.pid}\n`);
    await endDaemon(daemon, GRACE_MS);
  }
  const left = living.filter((one) => !found.includes(one));
  if (left.length > 0) context.stdout.write(`Still running: ${left.map((one) => one.workerId).join(', ')}\n`);
  return found.includes(undefined) ? 1 : 0;
}

function pick(living: readonly RegisteredDaemon[], identity: { id: string | undefined; name: string }) {
  if (identity.id !== undefined) return living.find((one) => one.workerId === identity.id);
  return living.find((one) => one.workerId.startsWith(`${identity.name}:`));
}

function others(living: readonly RegisteredDaemon[]): string {
  if (living.length === 0) return '; no agent runs on this machine';
  return `; running: ${living.map((one) => one.workerId).join(', ')}`;
}
