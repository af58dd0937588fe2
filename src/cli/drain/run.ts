import { AgentError } from '../../errors.js';
import type { CommandContext } from '../command.js';
import { awaitEnd, type EndingDaemon, requestEnd } from '../daemon/end-daemon.js';
import type { EndOrder } from '../daemon/end-order.js';
import { chosenDaemons } from '../running-daemons.js';

/** `agent drain`: ends daemons once their tasks have finished. */
export async function runDrain(context: CommandContext): Promise<number> {
  const order = drainOrder(context);
  const { state, daemons } = await chosenDaemons(context, true);
  const say = (line: string) => void context.stdout.write(`${line}\n`);
  const waits: Promise<void>[] = [];
  for (const daemon of daemons) {
    const ending: EndingDaemon = { daemon, state, order, graceMs: 0, say };
    const status = await requestEnd(ending);
    say(`Draining clearml-agent worker_id=${daemon.workerId} pid=${daemon.pid}`);
    if (order.wait) waits.push(awaitEnd(ending, status));
  }
  if (order.wait) say('Ctrl-C ends this wait, not the drain. "agent resume" takes the drain back.');
  await Promise.all(waits);
  return 0;
}

function drainOrder({ options: { timeout, requeue, wait } }: CommandContext): EndOrder {
  if (requeue === true && timeout === undefined)
    throw new AgentError(
      'USAGE',
      'a drain lets tasks finish, so --requeue needs the --timeout after which they are stopped',
    );
  return {
    request: {
      to: 'drain',
      cause: 'agent drain',
      ...(typeof timeout === 'number' ? { timeoutMs: timeout, endsServices: true } : {}),
      ...(requeue === true ? { requeue: true } : {}),
    },
    wait: wait !== false,
  };
}
