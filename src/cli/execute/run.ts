import { openSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { executeWorkerId } from '../../daemon/worker-id.js';
import { chosenDriver, driverFlagNames } from '../../drivers/registry.js';
import { AgentError, causeLine } from '../../errors.js';
import { visibilityVariables } from '../../gpu/visibility.js';
import { stateFolder } from '../../os/paths.js';
import { startedByNohup } from '../../os/signal-handling.js';
import type { CommandContext } from '../command.js';
import { machineOf, namedGpus, voiceOf } from '../identity.js';
import { configFlags, requireReady, sessionConfig, taskOptions } from '../session.js';

/** `agent execute`: runs one task in this terminal. */
export async function runExecute(context: CommandContext): Promise<number> {
  const { options, env, home } = context;
  if (typeof options.id !== 'string') {
    throw new AgentError('USAGE', 'execute needs --id: the id or the name of the task to run');
  }
  const driver = chosenDriver(options);
  if (options.dryRun === true && driver === undefined) {
    const text = `--dry-run prints how a container is run, so it needs ${driverFlagNames()}`;
    throw new AgentError('USAGE', text);
  }
  const config = sessionConfig(context, configFlags(options));
  requireReady(config);
  const { executeTask } = await import('../../daemon/execute.js');
  return executeTask({
    config: config.withEnvironment(visibilityVariables(machineOf(context))),
    home,
    state: stateFolder(env, home),
    ...voiceOf(context, config, consoleCopy(options.logFile)),
    task: options.id,
    clone: options.clone === true,
    requireQueue: options.requireQueue === true,
    silent: options.disableMonitoring === true,
    workerId: executeWorkerId(
      {
        workerId: config.agent.workerId,
        workerName: config.agent.workerName,
        hostname: hostname(),
      },
      process.pid,
    ),
    tags: config.words('CLEARML_WORKER_TAGS') ?? [],
    taskOptions: taskOptions(context),
    driver,
    namedGpus: namedGpus(context, config, driver),
    dryRun: options.dryRun === true,
    print: (line) => void context.stdout.write(`${line}\n`),
    signals: process,
    ignoresHangup: startedByNohup(),
    leave: (status) => process.exit(status),
  });
}

/** `--log-file`: the task's console also goes to a file, which is overwritten. */
function consoleCopy(file: unknown): { copy?: (text: string) => void } {
  if (typeof file !== 'string') return {};
  try {
    const handle = openSync(file, 'w', 0o600);
    return { copy: (text) => void writeSync(handle, text) };
  } catch (error) {
    throw new AgentError('USAGE', `cannot write --log-file ${file}: ${causeLine(error)}`, { cause: error });
  }
}
