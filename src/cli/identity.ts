import { hostname } from 'node:os';
import type { Config } from '../config/config.js';
import { assignQueues, type QueueAssignment } from '../daemon/admission/assignments.js';
import { type Schedule, scheduleWarnings, usableSchedule } from '../daemon/queues/schedule.js';
import { registerSecrets } from '../daemon/worker.js';
import { type WorkerIdentity, workerIdentity } from '../daemon/worker-id.js';
import type { DriverChoice } from '../drivers/module.js';
import { tasksAtOnce } from '../drivers/registry.js';
import { type GpuVisibility, gpuVisibility, ignoresFlag, setVisible } from '../gpu/visibility.js';
import { LOG_FORMATS } from '../logs/log-format.js';
import { type AgentLogger, createLogger, type LoggerOptions } from '../logs/logger.js';
import { Redactor } from '../secrets/redactor.js';
import type { CommandContext } from './command.js';
import { textList } from './session.js';

/** Which worker ids this agent may take. */
export function identityOf(context: CommandContext, config: Config): WorkerIdentity {
  return workerIdentity({
    workerId: config.agent.workerId,
    workerName: config.agent.workerName,
    hostname: hostname(),
    visibility: machineOf(context),
    dynamic: context.options.dynamicGpus === true,
  });
}

/** Which GPUs this agent and its tasks see; services and CPU slots see none. */
export function machineOf({ options, env }: CommandContext): GpuVisibility {
  if (options.dynamicGpus === true && typeof options.gpus === 'string') return setVisible(options.gpus);
  if (servicesMode(options) !== undefined || slotCount(options) !== undefined)
    return gpuVisibility({ env, cpuOnly: true });
  return gpuVisibility({
    env,
    gpus: typeof options.gpus === 'string' ? options.gpus : undefined,
    cpuOnly: options.cpuOnly === true,
  });
}

/**
 * The GPUs of `--gpus`, where tasks of this machine get them.
 *
 * @param driver where tasks run; one that runs many at once runs them elsewhere
 */
export function namedGpus(
  { options, env }: CommandContext,
  config: Config,
  driver: DriverChoice | undefined,
): string | undefined {
  const elsewhere = servicesMode(options) !== undefined || tasksAtOnce(config, driver) !== undefined;
  return elsewhere || ignoresFlag(env) || typeof options.gpus !== 'string' ? undefined : options.gpus;
}

/** `--services-mode`: how many tasks may run at once; `undefined` when one runs at a time. */
export function servicesMode({
  servicesMode: count,
}: CommandContext['options']): { limit: number | undefined } | undefined {
  if (count === undefined) return undefined;
  return { limit: typeof count === 'number' && count > 0 ? count : undefined };
}

/** `--slots` */
export function slotCount({ slots }: CommandContext['options']): number | undefined {
  return typeof slots === 'number' ? slots : undefined;
}

/**
 * The queues of the flags, with what their tasks take.
 *
 * @param severalTasks the driver runs many tasks at once
 */
export function queuesOf({ options }: CommandContext, severalTasks = false): QueueAssignment[] {
  return assignQueues({
    queues: textList(options.queue),
    dynamic: options.dynamicGpus === true,
    gpus: typeof options.gpus === 'string' ? options.gpus : undefined,
    slots: slotCount(options),
    services: severalTasks || servicesMode(options) !== undefined,
  });
}

/** The agent's own log, and what must not show up in it. */
export function voiceOf(
  context: CommandContext,
  config: Config,
  more: Pick<LoggerOptions, 'copy'> = {},
): { redactor: Redactor; logger: AgentLogger } {
  const redactor = new Redactor();
  registerSecrets(redactor, config);
  const level = config.agent.debug ? 'DEBUG' : 'INFO';
  const { id, name } = identityOf(context, config);
  const format = LOG_FORMATS.find((one) => one === context.options.logFormat) ?? config.agent.logFormat;
  const facts = { worker: id ?? name };
  return {
    redactor,
    logger: createLogger({ stream: context.stdout, redactor, level, format, facts, ...more }),
  };
}

/** When this agent pulls tasks; the log names parts that mean nothing. */
export function scheduleOf(
  { options }: CommandContext,
  config: Config,
  warn: (line: string) => void,
): Schedule {
  const schedule = usableSchedule(
    { uptime: textList(options.uptime), downtime: textList(options.downtime) },
    { uptime: config.agent.uptime, downtime: config.agent.downtime },
  );
  for (const warning of scheduleWarnings(schedule)) warn(warning);
  return schedule;
}
