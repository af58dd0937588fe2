import type { Config } from '../config/config.js';
import { connect } from '../daemon/connect.js';
import { resolveQueues } from '../daemon/resolve-queues.js';
import { describeStatus } from '../daemon/schedule/describe.js';
import { executeWorkerId } from '../daemon/worker-id.js';
import type { CommandContext } from './command.js';
import { identityOf, scheduleOf, voiceOf } from './identity.js';
import { textList } from './session.js';

/** `agent daemon --status`: the schedule, what is forced on the server, and the queues. */
export async function showStatus(context: CommandContext, config: Config): Promise<number> {
  const { logger } = voiceOf(context, config);
  const connection = await connect({ config, logger, wait: false });
  const queues = await resolveQueues(connection.queues, {
    queues: textList(context.options.queue),
    createQueues: false,
  });
  const { id, name } = identityOf(context, config);
  const workerId =
    id ?? executeWorkerId({ workerId: undefined, workerName: name, hostname: name }, process.pid);
  const properties = await connection.workers.getRuntimeProperties(workerId);
  const schedule = scheduleOf(context, config);
  context.stdout.write(`${describeStatus({ schedule, properties: properties ?? [], queues })}\n`);
  connection.client.close();
  return 0;
}
