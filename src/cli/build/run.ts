import { hostname } from 'node:os';
import path from 'node:path';
import type { BuildOptions } from '../../daemon/build/build-run.js';
import { executeWorkerId } from '../../daemon/worker-id.js';
import { chosenDriver, driverFlagNames } from '../../drivers/registry.js';
import { AgentError } from '../../errors.js';
import { visibilityVariables } from '../../gpu/visibility.js';
import { expandHome, stateFolder } from '../../os/paths.js';
import type { CommandContext } from '../command.js';
import { machineOf, voiceOf } from '../identity.js';
import { configFlags, requireReady, sessionConfig, taskOptions } from '../session.js';

/** `agent build`: makes a task's environment in a folder, or an image with it. */
export async function runBuild(context: CommandContext): Promise<number> {
  const { options } = context;
  checkFlags(options);
  const build = buildOptions(context);
  const target = textOf(options.target);
  const choice = chosenDriver(options);
  if (choice !== undefined) {
    const { buildImage } = await import('../../daemon/build/build-image.js');
    return buildImage({
      ...build,
      image: target,
      choice,
      ignoreTaskContainer: options.forceDocker === true,
      entryPoint: entryPointOf(options.entryPoint),
    });
  }
  const { buildEnvironment } = await import('../../daemon/build/build-environment.js');
  return buildEnvironment({
    ...build,
    target: target === undefined ? undefined : path.resolve(expandHome(target, context.home)),
    installGlobally: options.installGlobally === true,
  });
}

function buildOptions(context: CommandContext): BuildOptions {
  const { options, env, home } = context;
  const config = sessionConfig(context, configFlags(options));
  requireReady(config);
  return {
    config: config.withEnvironment(visibilityVariables(machineOf(context))),
    home,
    state: stateFolder(env, home),
    ...voiceOf(context, config),
    task: String(options.id),
    pythonVersion: textOf(options.pythonVersion),
    workerId: executeWorkerId(
      {
        workerId: undefined,
        workerName: config.agent.workerName,
        hostname: hostname(),
      },
      process.pid,
    ),
    taskOptions: taskOptions(context),
    signals: process,
    leave: (status) => process.exit(status),
  };
}

/** Flags that make sense only for an image. */
const CONTAINER_FLAGS = [
  ['--force-docker', 'forceDocker'],
  ['--entry-point', 'entryPoint'],
] as const;

/** @throws AgentError USAGE */
function checkFlags(options: CommandContext['options']): void {
  if (textOf(options.id) === undefined) {
    throw new AgentError('USAGE', 'build needs --id: the id or the name of the task to build');
  }
  const version = textOf(options.pythonVersion);
  if (version !== undefined && !/^3(\.\d+){0,2}$/.test(version)) {
    throw new AgentError(
      'USAGE',
      `--python-version takes a version of Python 3 such as 3.11, got "${version}"`,
    );
  }
  if (chosenDriver(options) !== undefined) return;
  const alone = CONTAINER_FLAGS.find(([, key]) => options[key] !== undefined);
  if (alone)
    throw new AgentError('USAGE', `build ${alone[0]} is about an image: it needs ${driverFlagNames()}`);
}

function entryPointOf(value: unknown): 'reuse_task' | 'clone_task' | undefined {
  return value === 'reuse_task' || value === 'clone_task' ? value : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}
