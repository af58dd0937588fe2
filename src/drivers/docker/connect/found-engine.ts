import { access } from 'node:fs/promises';
import { DEFAULT_SOCKET, dockerAddress } from './engine-address.js';
import { podmanSockets } from './podman-service.js';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The engine of a command that names none: Docker's, or Podman's service where Docker's socket is absent. Starts
 * nothing.
 *
 * @param socket Docker's default one
 * @returns the environment that `Engine.connect` finds that engine by; `undefined` when there is neither
 * @throws AgentError CONFIG_VALUE, CONFIG_FILE as `dockerAddress`
 */
export async function foundEngine(env: Env, socket = DEFAULT_SOCKET): Promise<Env | undefined> {
  if (dockerAddress(env).source !== '' || (await exists(socket))) return env;
  const named = env.CONTAINER_HOST?.trim();
  if (named) return { ...env, DOCKER_HOST: named };
  for (const own of podmanSockets(env, process.getuid?.() ?? 0))
    if (await exists(own)) return { ...env, DOCKER_HOST: `unix://${own}` };
  return undefined;
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
