import { connect } from '../daemon/connect.js';
import { resolveQueues } from '../daemon/queues/resolve-queues.js';
import { describeStatus } from '../daemon/queues/schedule/describe.js';
import { livingDaemons } from '../daemon/registry.js';
import { executeWorkerId, type WorkerIdentity } from '../daemon/worker-id.js';
import { stateFolder } from '../os/paths.js';
import { type CommandContext, warnerOf } from './command.js';
import { identityOf, scheduleOf, voiceOf } from './identity.js';
import { configFlags, requireReady, sessionConfig, textList } from './session.js';

/** `agent daemon --status`: the schedule, what is forced on the server, and the queues. */
export async function showStatus(context: CommandContext): Promise<number> {
  const config = sessionConfig(context, configFlags(context.options));
  requireReady(config);
  const { logger } = voiceOf({ ...context, stdout: context.stderr }, config);
  const schedule = scheduleOf(context, config, logger.warn);
  const connection = await connect({ config, logger, wait: false });
  const queues = await resolveQueues(connection.queues, {
    queues: textList(context.options.queue),
    createQueues: false,
  });
  const workerId = await asked(context, identityOf(context, config));
  const properties = await connection.workers.getRuntimeProperties(workerId);
  const text = describeStatus({ schedule, properties: properties ?? [], queues });
  context.stdout.write(`${text}\n`);
  connection.client.close();
  return 0;
}

/** The worker whose properties count: the daemon that runs here with these flags, else one that would. */
async function asked({ env, home, stderr }: CommandContext, { id, name }: WorkerIdentity): Promise<string> {
  if (id !== undefined) return id;
  const living = await livingDaemons(stateFolder(env, home), warnerOf({ stderr }));
  const running = living.find((one) => one.workerId.startsWith(`${name}:`));
  return (
    running?.workerId ??
    executeWorkerId({ workerId: undefined, workerName: name, hostname: name }, process.pid)
  );
}
