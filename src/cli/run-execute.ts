import { hostname } from 'node:os';
import { executeWorkerId } from '../daemon/worker-id.js';
import { AgentError } from '../errors.js';
import { visibilityVariables } from '../gpu/visibility.js';
import { stateFolder } from '../os/paths.js';
import type { CommandContext } from './command.js';
import { machineOf, voiceOf } from './identity.js';
import { configFlags, requireServer, sessionConfig, taskOptions } from './session.js';

/** `agent execute`: runs one task in this terminal. */
export async function runExecute(context: CommandContext): Promise<number> {
  const { options, env, home } = context;
  if (typeof options.id !== 'string') {
    throw new AgentError('USAGE', 'execute needs --id: the id or the name of the task to run');
  }
  const config = sessionConfig(context, configFlags(options));
  requireServer(config);
  const { executeTask } = await import('../daemon/execute.js');
  return executeTask({
    config: config.withEnvironment(visibilityVariables(machineOf(context))),
    home,
    state: stateFolder(env, home),
    ...voiceOf(context, config),
    task: options.id,
    clone: options.clone === true,
    requireQueue: options.requireQueue === true,
    silent: options.disableMonitoring === true,
    workerId: executeWorkerId(
      {
        workerId: config.string('agent.worker_id'),
        workerName: config.string('agent.worker_name'),
        hostname: hostname(),
      },
      process.pid,
    ),
    tags: workerTags(env.CLEARML_WORKER_TAGS),
    taskOptions: taskOptions(options),
    signals: process,
    leave: (status) => process.exit(status),
  });
}

function workerTags(text: string | undefined): string[] {
  return text?.trim() ? text.trim().split(/\s+/) : [];
}
