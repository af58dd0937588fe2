import { AgentError } from '../../../errors.js';
import type { StoppedPlace, StoppedPlaces } from '../../module.js';
import { foundEngine } from '../connect/found-engine.js';
import { Engine } from '../engine.js';
import { labelledRun, RUN_LABEL } from './container-plan.js';

/** Containers of tasks have one of these, ours and the original's. */
const TASK_LABELS = [RUN_LABEL, 'clearml-worker-id', 'clearml-parent-worker-id'];
/** Docker's names of the states, and what only Podman has. */
const STOPPED = ['created', 'exited', 'dead', 'configured', 'stopped'];
/** How engines write the time of what never happened. */
const NEVER = /^(0001-|$)/;

/**
 * Containers of tasks that have stopped or never ran.
 *
 * @param labels further labels that they must have: `name`, `name=value`
 * @throws AgentError DOCKER_ENGINE, DOCKER_CONTAINER
 */
export async function stoppedContainers(engine: Engine, labels: readonly string[]): Promise<StoppedPlace[]> {
  const listed = await engine.list(labels);
  const ofTasks = listed.filter(
    (one) => STOPPED.includes(one.state) && TASK_LABELS.some((label) => label in one.labels),
  );
  const found: StoppedPlace[] = [];
  for (const { id } of ofTasks) {
    const details = await engine.askIfThere((docker) => docker.getContainer(id).inspect());
    if (details === undefined || details.State.Running) continue;
    const { State: state, Config: config } = details;
    found.push({
      id,
      name: details.Name.replace(/^\//, ''),
      image: config.Image,
      labels: config.Labels ?? {},
      runFolder: labelledRun(config.Labels ?? {}),
      state: state.Status === 'configured' ? 'created' : state.Status,
      exitCode: state.ExitCode,
      since: NEVER.test(state.FinishedAt ?? '') ? details.Created : state.FinishedAt,
    });
  }
  return found;
}

/**
 * Removes a stopped container with its unnamed volumes. One that was started again meanwhile stays, and so does
 * one that another client is removing.
 *
 * @throws AgentError DOCKER_ENGINE, DOCKER_CONTAINER
 */
export async function removeStopped(engine: Engine, id: string): Promise<boolean> {
  const removed = await engine.askIfThere(async (docker) => {
    await docker.getContainer(id).remove({ v: true });
    return true;
  });
  return removed === true;
}

/**
 * Podman's service is started for `--podman` alone; without a flag it is the engine that is there.
 *
 * @throws AgentError DOCKER_ENGINE, CONFIG_VALUE, COMMAND_MISSING
 */
export async function openStopped(
  env: Readonly<Record<string, string | undefined>>,
  name: 'docker' | 'podman' | undefined,
): Promise<StoppedPlaces> {
  const engine = await engineFor(env, name);
  return {
    list: (labels) => stoppedContainers(engine, labels),
    remove: (id) => removeStopped(engine, id),
  };
}

async function engineFor(
  env: Readonly<Record<string, string | undefined>>,
  name: 'docker' | 'podman' | undefined,
): Promise<Engine> {
  if (name !== undefined) return Engine.connect(env, name);
  const found = await foundEngine(env);
  if (found !== undefined) return Engine.connect(found);
  throw new AgentError('DOCKER_ENGINE', "there is no socket of Docker's engine or of Podman's service", {
    hint: 'Start Docker or set DOCKER_HOST, or use --podman, which starts the service of Podman.',
  });
}
