import { AgentError } from '../../errors.js';
import type { Engine } from './engine.js';
import { refusal } from './engine-errors.js';

/**
 * User and group of a container's processes, `user:group`; `undefined` for root. It is the first command that
 * runs in the container, so it also finds out whether the image can run at all.
 *
 * @throws AgentError DOCKER_IMAGE or DOCKER_CONTAINER for a container that has ended
 */
export async function containerOwner(engine: Engine, container: string): Promise<string | undefined> {
  let ids = '';
  try {
    const exitCode = await engine.exec(container, {
      argv: ['/bin/sh', '-c', 'printf "%s:%s" "$(id -u)" "$(id -g)"'],
      onOutput: (data, stream) => {
        if (stream === 'stdout') ids += new TextDecoder().decode(data);
      },
    });
    if (exitCode === 0 && /^\d+:\d+$/.test(ids)) return ids.startsWith('0:') ? undefined : ids;
  } catch (error) {
    if (await isRunning(engine, container)) throw error;
  }
  if (await isRunning(engine, container)) return undefined;
  throw await endedAtOnce(engine, container);
}

async function isRunning(engine: Engine, container: string): Promise<boolean> {
  return (await engine.inspect(container))?.running === true;
}

/** The reason is in its output, or in what the engine says about it. */
async function endedAtOnce(engine: Engine, container: string): Promise<AgentError> {
  const state = await engine.inspect(container);
  const output: Uint8Array[] = [];
  for await (const data of engine.logs(container, state?.tty === true, AbortSignal.timeout(5000)))
    output.push(data);
  const said = `${state?.error ?? ''}\n${Buffer.concat(output).toString()}`.trim();
  const known = refusal(said);
  if (known !== undefined) return new AgentError(known.code, known.message, known);
  return new AgentError(
    'DOCKER_CONTAINER',
    `the container ended at once with status ${state?.exitCode ?? '?'}`,
    {
      hint: 'The image needs /bin/sh.',
      ...(said === '' ? {} : { detail: said.slice(-2000) }),
    },
  );
}
