import { hostname } from 'node:os';
import type { Config } from '../config/config.js';
import { registerSecrets } from '../daemon/build-context.js';
import type { DaemonOptions } from '../daemon/daemon.js';
import { resolveSchedule } from '../daemon/schedule.js';
import { tellServiceManager } from '../daemon/service-manager.js';
import { workerIdentity, workerIds } from '../daemon/worker-id.js';
import { gpuVisibility, visibilityVariables } from '../gpu/visibility.js';
import { createLogger } from '../logs/logger.js';
import { Redactor } from '../logs/redactor.js';
import { stateFolder } from '../os/paths.js';
import type { CommandContext } from './command.js';
import { configFlags, requireServer, sessionConfig, taskOptions, textList } from './session.js';

/** `agent daemon`: starts, detaches or stops a daemon. */
export async function runDaemonCommand(context: CommandContext): Promise<number> {
  const { options } = context;
  if (options.stop !== undefined) {
    const { stopDaemons } = await import('./stop-daemons.js');
    return stopDaemons(context);
  }
  if (options.detached === true && options.foreground !== true) {
    const { startDetached } = await import('./detach.js');
    return startDetached(context);
  }
  const config = sessionConfig(context, configFlags(options));
  requireServer(config);
  const { runDaemon } = await import('../daemon/daemon.js');
  return runDaemon(daemonOptions(context, config));
}

function daemonOptions(context: CommandContext, config: Config): DaemonOptions {
  const { options, env, home } = context;
  const interval = options.pollingInterval;
  return {
    config: config.withEnvironment(visibilityVariables(machineOf(context))),
    home,
    state: stateFolder(env, home),
    ...voiceOf(context, config),
    queues: textList(options.queue),
    createQueues: options.createQueue === true,
    order: options.orderFairness === true ? 'fair' : 'priority',
    ...(typeof interval === 'number' ? { pollingInterval: interval } : {}),
    tags: options.childReportTags === undefined ? undefined : textList(options.childReportTags),
    schedule: resolveSchedule(
      { uptime: textList(options.uptime), downtime: textList(options.downtime) },
      { uptime: config.strings('agent.uptime'), downtime: config.strings('agent.downtime') },
    ),
    workerIds: workerIds(identityOf(context, config)),
    wait: options.wait !== false,
    taskOptions: taskOptions(options),
    signals: process,
    leave: (status) => process.exit(status),
    onReady: () => {
      process.send?.('ready');
      void tellServiceManager(env);
    },
  };
}

export function identityOf(context: CommandContext, config: Config) {
  return workerIdentity({
    workerId: config.string('agent.worker_id'),
    workerName: config.string('agent.worker_name'),
    hostname: hostname(),
    visibility: machineOf(context),
  });
}

export function machineOf({ options, env }: CommandContext) {
  return gpuVisibility({
    env,
    gpus: typeof options.gpus === 'string' ? options.gpus : undefined,
    cpuOnly: options.cpuOnly === true,
  });
}

/** The agent's own log, and what must not show up in it. */
export function voiceOf(context: CommandContext, config: Config) {
  const redactor = new Redactor();
  registerSecrets(redactor, config);
  const level = context.global.debug ? 'DEBUG' : 'INFO';
  return { redactor, logger: createLogger({ stream: context.stdout, redactor, level }) };
}
