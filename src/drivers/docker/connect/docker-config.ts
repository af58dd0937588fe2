import { readFileSync } from 'node:fs';
import path from 'node:path';
import { AgentError, causeLine, systemCode } from '../../../errors.js';

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
  /** Why the file, or a part of it, does not count; one line. */
  problem?: string;
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
 * Reads the docker command's configuration: `DOCKER_CONFIG`, else `~/.docker`. Without a file all is empty. A file that
 * cannot be read is a problem and no error: the docker command warns of it and does its work without.
 */
export function readDockerConfig(env: Env): DockerConfig {
  const folder = env.DOCKER_CONFIG?.trim() || path.join(env.HOME ?? '/', '.docker');
  const file = path.join(folder, 'config.json');
  const { content, problem } = readContent(file);
  const { currentContext, credsStore, credHelpers, auths } = content;
  const wrong = problem ?? wrongType(file, content);
  return {
    folder,
    ...(wrong === undefined ? {} : { problem: wrong }),
    ...(isName(currentContext) ? { currentContext } : {}),
    ...(isName(credsStore) ? { credsStore } : {}),
    credHelpers: Object.fromEntries(Object.entries(recordOf(credHelpers)).filter(hasName)),
    auths: Object.fromEntries(
      Object.entries(recordOf(auths)).map(([registry, login]) => [registry, storedLogin(login)]),
    ),
  };
}

function readContent(file: string): { content: Record<string, unknown>; problem?: string } {
  try {
    return { content: readJsonFile(file) ?? {} };
  } catch (error) {
    return { content: {}, problem: causeLine(error) };
  }
}

/** The entries that are read, by the type that they must have. */
const ENTRY_TYPES = {
  currentContext: 'a text',
  credsStore: 'a text',
  credHelpers: 'an object',
  auths: 'an object',
} as const;

function wrongType(file: string, content: Record<string, unknown>): string | undefined {
  const wrong = Object.entries(ENTRY_TYPES).find(([name, type]) => {
    const value = content[name] ?? undefined;
    return value !== undefined && (type === 'a text' ? typeof value !== 'string' : !isObject(value));
  });
  return wrong && `${file}: ${wrong[0]} is not ${wrong[1]}, so it does not count`;
}

/**
 * A JSON object in a file; `undefined` when there is no such file.
 *
 * @throws AgentError CONFIG_FILE
 */
export function readJsonFile(file: string): Record<string, unknown> | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (content !== null && !isObject(content)) throw new Error('it is no JSON object');
    return recordOf(content);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw new AgentError('CONFIG_FILE', `${file} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}

/** Node's own text quotes the file, which has passwords. */
function reasonOf(error: unknown): string {
  return error instanceof SyntaxError ? 'it is no JSON' : causeLine(error);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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
