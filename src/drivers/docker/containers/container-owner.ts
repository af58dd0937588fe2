import { parseEnvironment } from '../../../container/setup-scripts.js';
import { AgentError } from '../../../errors.js';
import type { Engine } from '../engine.js';
import { refusal } from '../engine-errors.js';

/** What the first command in a container finds out. */
export interface FirstLook {
  /** `user:group` of the container's processes; `undefined` for root. */
  owner: string | undefined;
  /** The variables that its processes see. */
  environment: Record<string, string>;
}

/** An engine under load sees the end of a container late. */
const END_MS = 10_000;

/** User and group of a container's processes, `user:group`; `undefined` for root. Errors as of `firstLook`. */
export async function containerOwner(engine: Engine, container: string): Promise<string | undefined> {
  return (await firstLook(engine, container)).owner;
}

/**
 * The first command that runs in a container, so it also finds out whether the image can run at all.
 *
 * @throws AgentError DOCKER_IMAGE or DOCKER_CONTAINER for a container that has ended
 */
export async function firstLook(engine: Engine, container: string): Promise<FirstLook> {
  const decoder = new TextDecoder();
  let said = '';
  try {
    const exitCode = await engine.exec(container, {
      argv: ['/bin/sh', '-c', 'printf "%s:%s\\n" "$(id -u)" "$(id -g)"; cat /proc/self/environ'],
      onOutput: (data, stream) => {
        if (stream === 'stdout') said += decoder.decode(data, { stream: true });
      },
    });
    const ids = /^(\d+):\d+\n/.exec(said);
    if (exitCode === 0 && ids !== null) {
      const environment = parseEnvironment(said.slice(ids[0].length));
      return { owner: ids[1] === '0' ? undefined : ids[0].trim(), environment };
    }
  } catch (error) {
    if (await isRunning(engine, container)) throw error;
  }
  // A shell says something even where the image has no `id`. Without one, the container's own process ends, too.
  if (said === '') await engine.wait(container, AbortSignal.timeout(END_MS)).catch(() => undefined);
  if (await isRunning(engine, container)) return { owner: undefined, environment: {} };
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
