import { imageName } from '../../../container/policy/image-name.js';
import { AgentError, causeLine } from '../../../errors.js';
import { run } from '../../../os/exec.js';
import { type DockerConfig, recordOf, type StoredLogin } from '../connect/docker-config.js';

/** What the engine wants to know to log in at a registry; field names are its own. */
export interface RegistryLogin {
  serveraddress: string;
  username?: string;
  password?: string;
  identitytoken?: string;
  registrytoken?: string;
}

export interface CredentialSources {
  config: DockerConfig;
  /** For helper programs. */
  env: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
}

/** Under this address Docker's own registry stands in its configuration. */
const HUB = 'https://index.docker.io/v1/';
const HUB_NAMES = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);
/** User name by which a helper says that the secret is a token. */
const TOKEN_USER = '<token>';
/** How every helper says that it has nothing. */
const NOT_FOUND = /credentials not found/i;
const HELPER_MS = 30_000;

/**
 * The login for the registry of an image, as `docker login` left it: from the registry's helper program, the
 * one for all registries, or the file itself. `undefined` when there is none.
 *
 * @throws AgentError CONFIG_VALUE for a helper's name that is no program name, COMMAND_FAILED, COMMAND_MISSING
 */
export async function registryLogin(
  image: string,
  sources: CredentialSources,
): Promise<RegistryLogin | undefined> {
  const { config } = sources;
  const { registry } = imageName(image);
  const hub = HUB_NAMES.has(registry);
  const serveraddress = hub ? HUB : registry;
  const named = hub ? [HUB, ...HUB_NAMES] : [registry];
  const helper = named.map((name) => config.credHelpers[name]).find(Boolean) ?? config.credsStore;
  const fromHelper = helper === undefined ? undefined : await askHelper(helper, serveraddress, sources);
  return fromHelper ?? storedLogin(named, serveraddress, config.auths);
}

async function askHelper(
  name: string,
  serveraddress: string,
  { env, signal }: CredentialSources,
): Promise<RegistryLogin | undefined> {
  if (!/^[\w.-]+$/.test(name)) {
    throw new AgentError('CONFIG_VALUE', `Docker's configuration names a credential helper "${name}"`, {
      hint: 'A name of letters, digits, "-", "_" and "." is expected in credsStore and credHelpers.',
    });
  }
  const program = `docker-credential-${name}`;
  const options = { env, signal, input: serveraddress, timeoutMs: HELPER_MS };
  const { exitCode, stdout, stderr, timedOut } = await run([program, 'get'], options);
  const said = `${stdout}\n${stderr}`;
  if (exitCode !== 0 && NOT_FOUND.test(said)) return undefined;
  if (exitCode !== 0 || timedOut) {
    const how = timedOut ? `did not answer within ${HELPER_MS / 1000} s` : causeLine(said.trim());
    throw new AgentError('COMMAND_FAILED', `${program} gives no login for ${serveraddress}: ${how}`);
  }
  return helperLogin(stdout, serveraddress, program);
}

function helperLogin(answer: string, serveraddress: string, program: string): RegistryLogin {
  try {
    const { Username, Secret } = recordOf(JSON.parse(answer));
    if (typeof Username === 'string' && typeof Secret === 'string') {
      return Username === TOKEN_USER
        ? { serveraddress, identitytoken: Secret }
        : { serveraddress, username: Username, password: Secret };
    }
  } catch {
    // What it printed may hold the secret, so it is not shown.
  }
  throw new AgentError('COMMAND_FAILED', `${program} did not answer with Username and Secret in JSON`);
}

function storedLogin(
  names: readonly string[],
  serveraddress: string,
  auths: Readonly<Record<string, StoredLogin>>,
): RegistryLogin | undefined {
  const found = Object.entries(auths).find(([key]) => names.includes(key) || names.includes(hostOf(key)));
  if (found === undefined) return undefined;
  const { auth, identitytoken, registrytoken, ...plain } = found[1];
  // A file written by a helper's user has an empty entry for each registry.
  const login = { ...decoded(auth), ...plain, ...defined({ identitytoken, registrytoken }) };
  return Object.keys(login).length === 0 ? undefined : { serveraddress, ...login };
}

/** Keys may be whole addresses: `https://registry.example.com/v2/`. */
function hostOf(key: string): string {
  return key.replace(/^https?:\/\//, '').split('/', 1)[0] ?? '';
}

function decoded(auth: string | undefined): { username?: string; password?: string } {
  const text = Buffer.from(auth ?? '', 'base64').toString();
  const at = text.indexOf(':');
  if (at < 1) return {};
  return { username: text.slice(0, at), password: text.slice(at + 1).replace(/\0+$/, '') };
}

function defined(fields: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).flatMap(([k, v]) => (v === undefined ? [] : [[k, v]])));
}
