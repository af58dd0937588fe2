import { killGraceMs } from '../../daemon/intervals.js';
import { visibleLine } from '../../logs/visible-text.js';
import { stateFolder } from '../../os/paths.js';
import { livingDaemons, type RegisteredDaemon } from '../../runs/registry.js';
import { type CommandContext, warnerOf } from '../command.js';
import { identityOf } from '../identity.js';
import { configFlags, sessionConfig, textList } from '../session.js';
import { chooseDaemon } from './choose-daemon.js';
import { awaitEnd, type EndingDaemon, requestEnd } from './end-daemon.js';
import { endOrder } from './end-order.js';

/**
 * `agent daemon --stop [ids…]`: ends the named daemons, or the one that the same flags would have started.
 *
 * @returns 0 when every one was found, 1 otherwise
 */
export async function stopDaemons(context: CommandContext): Promise<number> {
  const order = endOrder(context);
  const state = stateFolder(context.env, context.home);
  const living = await livingDaemons(state, warnerOf(context));
  const wanted = textList(context.options.stop);
  const config = sessionConfig(context, configFlags(context.options));
  const identity = identityOf(context, config);
  const say = (line: string) => void context.stdout.write(`${visibleLine(line)}\n`);
  const found =
    wanted.length > 0
      ? wanted.map((id) => living.find((one) => one.workerId === id))
      : [chooseDaemon(living, identity)];
  const waits: Promise<void>[] = [];
  for (const [index, daemon] of found.entries()) {
    if (daemon === undefined) {
      const id = wanted[index] ?? identity.id;
      const asked = `worker_name=${identity.name}${id === undefined ? '' : ` worker_id=${id}`}`;
      say(`Could not find a running clearml-agent instance with ${asked}${others(living)}`);
      continue;
    }
    say(`${VERBS[order.request.to]} clearml-agent worker_id=${daemon.workerId} pid=${daemon.pid}`);
    const ending: EndingDaemon = { daemon, state, order, graceMs: killGraceMs(config), say };
    const status = await requestEnd(ending);
    if (order.request.to === 'drain' && order.wait) say('Ctrl-C ends this wait, not the drain.');
    if (order.wait) waits.push(awaitEnd(ending, status));
  }
  await Promise.all(waits);
  const left = living.filter((one) => !found.includes(one));
  if (left.length > 0 && left.length < living.length)
    say(`Still running: ${left.map((one) => one.workerId).join(', ')}`);
  return found.includes(undefined) ? 1 : 0;
}

const VERBS = {
  drain: 'Draining',
  stop: 'Terminating',
  kill: 'Killing',
  leave: 'Leaving the tasks of',
} as const;

function others(living: readonly RegisteredDaemon[]): string {
  if (living.length === 0) return '; no agent runs on this machine';
  return `; running: ${living.map((one) => one.workerId).join(', ')}`;
}
