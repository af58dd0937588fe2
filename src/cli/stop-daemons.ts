import type { Config } from '../config/config.js';
import { endDaemon, livingDaemons, type RegisteredDaemon, type StopPatience } from '../daemon/registry.js';
import { stateFolder } from '../os/paths.js';
import { chooseDaemon } from './choose-daemon.js';
import { type CommandContext, warnerOf } from './command.js';
import { identityOf } from './identity.js';
import { configFlags, sessionConfig, textList } from './session.js';

/** For sending the log of a stopped task and its status, on top of the task's own grace. */
const REPORT_MS = 20_000;

/**
 * `agent daemon --stop [ids…]`: stops the named daemons, or the one that the same flags would have started.
 *
 * @returns 0 when every one was found, 1 otherwise
 */
export async function stopDaemons(context: CommandContext): Promise<number> {
  const living = await livingDaemons(stateFolder(context.env, context.home), warnerOf(context));
  const wanted = textList(context.options.stop);
  const config = sessionConfig(context, configFlags(context.options));
  const identity = identityOf(context, config);
  const found =
    wanted.length > 0
      ? wanted.map((id) => living.find((one) => one.workerId === id))
      : [chooseDaemon(living, identity)];
  for (const [index, daemon] of found.entries()) {
    if (daemon === undefined) {
      const id = wanted[index] ?? identity.id ?? '';
      const asked = `worker_name=${identity.name} worker_id=${id}`;
      context.stdout.write(
        `Could not find a running clearml-agent instance with ${asked}${others(living)}\n`,
      );
      continue;
    }
    context.stdout.write(`Terminating clearml-agent worker_id=${daemon.workerId} pid=${daemon.pid}\n`);
    await endDaemon(daemon, patience(config));
  }
  const left = living.filter((one) => !found.includes(one));
  if (left.length > 0 && left.length < living.length)
    context.stdout.write(`Still running: ${left.map((one) => one.workerId).join(', ')}\n`);
  return found.includes(undefined) ? 1 : 0;
}

/** A task gets its grace after the first signal, and its end is told to the server; the second one hurries. */
function patience(config: Config): StopPatience {
  return { politeMs: 1000 * (config.number('agent.kill_grace_sec') ?? 0) + REPORT_MS, hurryMs: 10_000 };
}

function others(living: readonly RegisteredDaemon[]): string {
  if (living.length === 0) return '; no agent runs on this machine';
  return `; running: ${living.map((one) => one.workerId).join(', ')}`;
}
