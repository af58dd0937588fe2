import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { AgentError, causeLine } from '../../../errors.js';

/** What the docker command keeps in `config.json`; other entries do not concern the agent. */
export interface DockerConfig {
  /** Folder of the file, also of contexts and certificates. */
  folder: string;
  currentContext?: string;
  /** By registry, as written in the file. */
  auths: Readonly<Record<string, StoredLogin>>;
  /** Name of the helper program for all registries without one of their own. */
  credsStore?: string;
  credHelpers: Readonly<Record<string, string>>;
}

export interface StoredLogin {
  /** `user:password` in base64. */
  auth?: string;
  username?: string;
  password?: string;
  identitytoken?: string;
  registrytoken?: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Reads the docker command's configuration: `DOCKER_CONFIG`, else `~/.docker`. Without a file all is empty.
 *
 * @throws AgentError CONFIG_FILE
 */
export function readDockerConfig(env: Env): DockerConfig {
  const folder = env.DOCKER_CONFIG?.trim() || path.join(env.HOME ?? '/', '.docker');
  const content = readJsonFile(path.join(folder, 'config.json')) ?? {};
  const { currentContext, credsStore, credHelpers, auths } = content;
  return {
    folder,
    ...(isName(currentContext) ? { currentContext } : {}),
    ...(isName(credsStore) ? { credsStore } : {}),
    credHelpers: Object.fromEntries(Object.entries(recordOf(credHelpers)).filter(hasName)),
    auths: Object.fromEntries(
      Object.entries(recordOf(auths)).map(([registry, login]) => [registry, storedLogin(login)]),
    ),
  };
}

/**
 * A JSON object in a file; `undefined` when there is no such file.
 *
 * @throws AgentError CONFIG_FILE
 */
export function readJsonFile(file: string): Record<string, unknown> | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return recordOf(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new AgentError('CONFIG_FILE', `${file} cannot be read: ${causeLine(error)}`, { cause: error });
  }
}

export function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function storedLogin(value: unknown): StoredLogin {
  const { auth, username, password, identitytoken, registrytoken } = recordOf(value);
  const fields = Object.entries({ auth, username, password, identitytoken, registrytoken });
  return Object.fromEntries(fields.filter(hasName));
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function hasName(entry: [string, unknown]): entry is [string, string] {
  return isName(entry[1]);
}
