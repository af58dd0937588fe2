import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CONTROL_INSIDE } from '../../../container/layout.js';
import { ensureFolder } from '../../../os/files.js';
import { quoteWord } from '../../../os/shell-words.js';
import type { ContainerPlan } from '../containers/container-plan.js';

/** Beside what starts the command, in the run's control folder. */
export const VARIABLES_FILE = 'variables';
/** They are about one run of one worker. */
const OF_A_RUN = /^(CLEARML|TRAINS)_(TASK_ID|WORKER_ID|WORKER_TAGS|AUTH_TOKEN|DOCKER_IMAGE)$/;

/**
 * The container in which an image is made, from the one in which the task would run. An image keeps the
 * variables and labels of its container, so it gets none: what it needs while it is prepared comes from a file
 * of the run.
 *
 * @param control host folder that the container sees as its control folder
 */
export async function planBuild(plan: ContainerPlan, control: string): Promise<ContainerPlan> {
  const { name: _, Env: variables = [], Labels: __, ...request } = plan.request;
  const { RestartPolicy: ___, ...host } = request.HostConfig;
  await ensureFolder(control);
  await writeFile(path.join(control, VARIABLES_FILE), variableScript(variables), { mode: 0o644 });
  return {
    ...plan,
    request: { ...request, HostConfig: host },
    unlabelled: true,
    scripts: [
      {
        name: 'variables of the container',
        text: `. ${CONTROL_INSIDE}/${VARIABLES_FILE}`,
        sets: variables.map((pair) => pair.split('=', 1)[0] ?? ''),
      },
      ...plan.scripts,
    ],
  };
}

/** Variables as the engine takes them, as shell text; a name alone removes one of the image. */
export function variableScript(variables: readonly string[]): string {
  const lines = variables.flatMap((pair) => {
    const at = pair.indexOf('=');
    const name = at < 0 ? pair : pair.slice(0, at);
    if (!/^[A-Za-z_]\w*$/.test(name) || OF_A_RUN.test(name)) return [];
    return at < 0 ? `unset ${name}` : `export ${name}=${quoteWord(pair.slice(at + 1))}`;
  });
  return `${lines.join('\n')}\n`;
}
