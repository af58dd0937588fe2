import { AgentError } from '../../errors.js';
import type { PlaceRequest } from '../driver.js';
import { fetchWords, type JobContainer } from './job-container.js';
import type { SlurmPlace } from './slurm-place.js';
import type { SlurmPlaceRef } from './slurm-ref.js';
import type { SlurmSettings } from './slurm-settings.js';

const GPUS = /^--(?:gpus(?:-per-\w+)?=(?:\S+:)?[1-9]|gres=.*\bgpu\b)/;

interface Given {
  settings: SlurmSettings;
  ref: SlurmPlaceRef;
  /** Of the queue and the task. */
  options: readonly string[];
}

/** The container of a task; `undefined` where it names none, or jobs run without containers. */
export function taskContainer(
  { task, workspace, reporter }: PlaceRequest,
  { settings, ref, options }: Given,
): JobContainer | undefined {
  const { image, arguments: words, setup_shell_script: script } = task?.record.container ?? {};
  if (!image) return undefined;
  if (settings.container === 'none') {
    reporter.line(`the task's container ${image} is ignored: agent.slurm.container is "none"`, 'WARNING');
    return undefined;
  }
  if (words)
    reporter.line('of the arguments of the container, jobs get --cpus and --memory alone', 'WARNING');
  if (script) reporter.line('the setup script of the container is ignored: jobs run without it', 'WARNING');
  return {
    tool: settings.container,
    image,
    name: ref.key,
    folder: ref.folder,
    folders: [...new Set([settings.shared, ...settings.folders.values(), workspace])],
    gpus: [...settings.common, ...options].some((word) => GPUS.test(word)),
  };
}

/** @throws AgentError DOCKER_IMAGE with the tool's own words */
export async function fetchImage(
  place: SlurmPlace,
  container: JobContainer,
  { reporter, signal }: Pick<PlaceRequest, 'reporter' | 'signal'>,
): Promise<void> {
  const words = fetchWords(container);
  if (words === undefined || place.job === undefined) return;
  reporter.line(`Getting the image ${container.image} with ${container.tool}`);
  const result = await place.beside(place.job, words, signal);
  if (result.exitCode === 0) return;
  const [last = ''] = result.stderr.trim().split('\n').slice(-1);
  throw new AgentError('DOCKER_IMAGE', `${container.tool} cannot get the image ${container.image}: ${last}`, {
    detail: result.stderr.slice(-2000),
  });
}
