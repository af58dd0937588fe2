import type { QueuesApi } from '../../api/queues.js';
import { connect } from '../../daemon/connect.js';
import { askDaemon, type DaemonStatus } from '../../daemon/control.js';
import { resolveQueues } from '../../daemon/queues/resolve-queues.js';
import { describeStatus, type StatusInput } from '../../daemon/queues/schedule/describe.js';
import { executeWorkerId, type WorkerIdentity } from '../../daemon/worker-id.js';
import { causeLine } from '../../errors.js';
import { visibleLine, visibleName } from '../../logs/visible-text.js';
import { stateFolder, workerFolder } from '../../os/paths.js';
import { livingDaemons, type RegisteredDaemon } from '../../runs/registry.js';
import { type CommandContext, warnerOf } from '../command.js';
import { outOfServiceIn, outOfServiceLines } from '../gpus/machine-table.js';
import { identityOf, queuesOf, scheduleOf, voiceOf } from '../identity.js';
import { configFlags, requireReady, sessionConfig, textList } from '../session.js';
import { chooseDaemon } from './choose-daemon.js';
import { unservedLine } from './unserved-queues.js';

/** `agent daemon --status`: the daemon that runs here, the schedule, what is forced on the server, and the queues. */
export async function showStatus(context: CommandContext): Promise<number> {
  const config = sessionConfig(context, configFlags(context.options));
  const state = stateFolder(context.env, context.home);
  const living = await livingDaemons(state, warnerOf(context));
  const identity = identityOf(context, config);
  const daemon = chooseDaemon(living, identity);
  // First, because it needs no server.
  await showDaemon(context, state, daemon);
  const outOfService = await outOfServiceIn(context);
  for (const line of outOfServiceLines(outOfService)) context.stdout.write(`${line}\n`);
  requireReady(config);
  const { logger } = voiceOf({ ...context, stdout: context.stderr }, config);
  const schedule = scheduleOf(context, config, logger.warn);
  const connection = await connect({ config, logger, wait: false });
  const queues = await queuesShown(context, connection.queues, daemon);
  const workerId = asked(living, identity);
  const properties = await connection.workers.getRuntimeProperties(workerId);
  const text = describeStatus({ schedule, properties: properties ?? [], queues });
  context.stdout.write(`${text}\n`);
  connection.client.close();
  return 0;
}

async function showDaemon(
  { stdout, stderr, options }: CommandContext,
  state: string,
  daemon: RegisteredDaemon | undefined,
): Promise<void> {
  if (daemon === undefined) return;
  const answer = await askDaemon(workerFolder(state, daemon.workerId), { command: 'status' }).catch(
    (error: unknown) => ({ error: causeLine(error) }),
  );
  if (answer === undefined)
    stdout.write(`${visibleLine(`Worker ${daemon.workerId} runs as process ${daemon.pid}`)}\n`);
  else if ('error' in answer) warnerOf({ stderr })(answer.error);
  else for (const line of daemonLines(answer.status)) stdout.write(`${visibleName(line, LONGEST_LINE)}\n`);
  const unserved = unservedLine(textList(options.queue), daemon);
  if (unserved !== undefined) stdout.write(`${visibleName(unserved, LONGEST_LINE)}\n`);
}

/** The queues of the flags that the daemon serves, else all of the daemon, else the default one. */
async function queuesShown(
  context: CommandContext,
  api: QueuesApi,
  daemon: RegisteredDaemon | undefined,
): Promise<StatusInput['queues']> {
  const typed = textList(context.options.queue);
  const named = typed.length === 0 ? [] : queuesOf(context).map(({ name }) => name);
  const ids = daemon?.queueIds;
  if (named.length === 0 && ids !== undefined) {
    const found = await api.getAll({ id: ids, search_hidden: true });
    return found.map(({ id, name = id, tags = [] }) => ({ name, tags }));
  }
  const queues = await resolveQueues(api, { queues: named, createQueues: false });
  return queues.filter(({ id }) => ids === undefined || ids.includes(id));
}

/** Characters of a line about a daemon, whose cause may be an error of the server. */
const LONGEST_LINE = 1000;

/** How a daemon is: its state, what asked for its end, and its tasks. */
export function daemonLines({
  worker,
  pid,
  state,
  since,
  until,
  cause,
  requeue,
  tasks,
}: DaemonStatus): string[] {
  const next = state === 'draining' ? 'then its tasks are stopped' : 'then its tasks are killed';
  const parts = [
    `Worker ${worker} (process ${pid}) is ${state}`,
    ...(since === undefined ? [] : [`since ${since}`]),
    ...(until === undefined ? [] : [`until ${until}, ${next}`]),
    ...(requeue ? ['with tasks that are stopped going back to their queues'] : []),
    ...(cause === undefined ? [] : [`(${cause})`]),
  ];
  return [parts.join(' '), ...tasks.map((task) => `  - Running task ${task}`)];
}

/** The worker whose properties count: the daemon that runs here with these flags, else one that would. */
function asked(living: readonly RegisteredDaemon[], { id, name }: WorkerIdentity): string {
  if (id !== undefined) return id;
  const running = living.find((one) => one.workerId.startsWith(`${name}:`));
  return (
    running?.workerId ??
    executeWorkerId({ workerId: undefined, workerName: name, hostname: name }, process.pid)
  );
}
