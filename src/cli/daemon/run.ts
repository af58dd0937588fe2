import type { Config } from '../../config/config.js';
import { readList } from '../../config/lists.js';
import type { DaemonOptions } from '../../daemon/daemon.js';
import { parseQueueLimits } from '../../daemon/queues/queue-limits.js';
import { tellServiceManager } from '../../daemon/service-manager.js';
import { type WorkerIdentity, workerIds } from '../../daemon/worker-id.js';
import { chosenDriver, tasksAtOnce } from '../../drivers/registry.js';
import { parseGpus } from '../../gpu/dynamic-gpus.js';
import { visibilityVariables } from '../../gpu/visibility.js';
import { stateFolder } from '../../os/paths.js';
import { startedByNohup } from '../../os/signal-handling.js';
import type { CommandContext } from '../command.js';
import {
  identityOf,
  machineOf,
  namedGpus,
  queuesOf,
  scheduleOf,
  servicesMode,
  slotCount,
  voiceOf,
} from '../identity.js';
import { configFlags, requireReady, sessionConfig, taskOptions, textList } from '../session.js';
import { refuseEndFlags } from './end-order.js';
import { withOwnLog } from './own-log.js';

/** `agent daemon`: starts, detaches, stops or resumes a daemon. */
export async function runDaemonCommand(context: CommandContext): Promise<number> {
  const { options } = context;
  if (options.stop !== undefined) {
    const { stopDaemons } = await import('./stop-daemons.js');
    return stopDaemons(context);
  }
  refuseEndFlags(context);
  if (options.resume !== undefined) {
    const { resumeDaemons } = await import('./resume-daemons.js');
    return resumeDaemons(context);
  }
  if (options.status === true) {
    const { showStatus } = await import('./show-status.js');
    return showStatus(context);
  }
  if (options.detached === true) {
    const { startDetached } = await import('./detach.js');
    return startDetached(context);
  }
  const { runDaemon } = await import('../../daemon/daemon.js');
  return runDaemon(daemonOptions(withOwnLog(context)));
}

function daemonOptions({ context, logFile }: ReturnType<typeof withOwnLog>): DaemonOptions {
  const { options, env, home } = context;
  const config = sessionConfig(context, configFlags(options));
  // Wrong flags are reported first: they are wrong whatever is configured.
  const driver = chosenDriver(options);
  const services = severalTasks(context, config, driver);
  const assigned = queuesOf(context, services !== undefined);
  const queueLimits = parseQueueLimits(textList(options.queueLimit));
  requireReady(config);
  const voice = voiceOf(context, config);
  const interval = options.pollingInterval;
  const withVisibility = (read: Config) => read.withEnvironment(visibilityVariables(machineOf(context)));
  return {
    config: withVisibility(config),
    reread: () => withVisibility(sessionConfig(context, configFlags(options))),
    home,
    state: stateFolder(env, home),
    ...voice,
    ...(logFile === undefined ? {} : { logFile }),
    queues: assigned.map(({ name }) => name),
    assigned,
    queueLimits,
    ...(options.dynamicGpus === true ? { dynamicGpus: parseGpus(String(options.gpus)) } : {}),
    namedGpus: namedGpus(context, config, driver),
    slots: slotCount(options),
    createQueues: options.createQueue === true,
    order: options.orderFairness === true ? 'fair' : 'priority',
    ...(typeof interval === 'number' ? { pollingInterval: interval } : {}),
    tags: reportTags(context),
    services,
    ownerTokens: options.useOwnerToken === true,
    schedule: scheduleOf(context, config, voice.logger.warn),
    workerIds: ownIds(identityOf(context, config), options.dynamicGpus === true),
    wait: options.wait !== false,
    taskOptions: taskOptions(context),
    driver,
    signals: process,
    ignoresHangup: startedByNohup(),
    leave: (status) => process.exit(status),
    onReady: () => {
      process.send?.('ready');
      void tellServiceManager(env);
    },
  };
}

/** One daemon alone gives out a GPU, so there is no second id for it. */
function ownIds(identity: WorkerIdentity, dynamic: boolean): Iterable<string> {
  return dynamic && identity.id !== undefined ? [identity.id] : workerIds(identity);
}

/** By the flag, else as the driver has it. */
function severalTasks(
  { options }: CommandContext,
  config: Config,
  driver: DaemonOptions['driver'],
): DaemonOptions['services'] {
  const flag = servicesMode(options);
  const limit = flag?.limit ?? tasksAtOnce(config, driver);
  return flag === undefined && limit === undefined ? undefined : { limit };
}

/** Tags by flag, else by variable. */
function reportTags({ options, env }: CommandContext): string[] | undefined {
  if (options.childReportTags !== undefined) return textList(options.childReportTags);
  const tags = readList(env.CLEARML_WORKER_TAGS ?? '', 'names');
  return tags.length > 0 ? tags : undefined;
}
