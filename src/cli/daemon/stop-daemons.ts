import { killGraceMs } from '../../daemon/intervals.js';
import type { CommandContext } from '../command.js';
import { awaitEnd, type EndingDaemon, requestEnd } from './end-daemon.js';
import { endOrder } from './end-order.js';
import { namedDaemons } from './named-daemons.js';

/**
 * `agent daemon --stop [ids…]`: ends the named daemons, or the one that the same flags would have started.
 *
 * @returns 0 when every one was found, 1 otherwise
 */
export async function stopDaemons(context: CommandContext): Promise<number> {
  const order = endOrder(context);
  const { say, state, config, living, found } = await namedDaemons(context, 'stop');
  const waits: Promise<void>[] = [];
  for (const daemon of found) {
    if (daemon === undefined) continue;
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
