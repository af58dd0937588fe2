import path from 'node:path';
import type { Config } from '../../config/config.js';
import { AgentError } from '../../errors.js';

/** The agent runs in a container; the folder `outside` of the machine is its folder `inside`. */
export interface HostFolder {
  outside: string;
  inside: string;
}

/**
 * `CLEARML_AGENT_DOCKER_HOST_MOUNT` and its other names: `OUTSIDE:INSIDE`.
 *
 * @throws AgentError CONFIG_VALUE
 */
export function readHostFolder(config: Config): HostFolder | undefined {
  const text = config.variable('CLEARML_AGENT_DOCKER_HOST_MOUNT');
  return text === undefined ? undefined : parseHostFolder(text);
}

/** @throws AgentError CONFIG_VALUE */
export function parseHostFolder(text: string): HostFolder {
  const at = text.indexOf(':');
  const [outside, inside] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 1 || !path.isAbsolute(outside) || !path.isAbsolute(inside)) {
    throw new AgentError(
      'CONFIG_VALUE',
      `CLEARML_AGENT_DOCKER_HOST_MOUNT: expected /folder/of/machine:/folder/in/agent, found "${text}"`,
    );
  }
  return { outside, inside };
}

/**
 * Where the engine finds a path of the agent: the same place, or in a folder of the machine that the agent has
 * mounted. Of several the innermost counts, of the same the first.
 *
 * @param mounts empty for an agent outside of containers
 * @returns `undefined` for a path that only the agent's own container has
 */
export function engineSees(file: string, mounts: readonly HostFolder[]): string | undefined {
  if (mounts.length === 0) return file;
  const [innermost] = mounts
    .filter(({ inside }) => isBelow(path.relative(inside, file)))
    .toSorted((a, b) => b.inside.length - a.inside.length);
  return innermost && path.join(innermost.outside, path.relative(innermost.inside, file));
}

function isBelow(relative: string): boolean {
  return relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}
