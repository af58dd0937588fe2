import path from 'node:path';
import { isFirstTime } from '../../os/first-time.js';
import type { EnvironmentJob } from '../environment-job.js';
import { type PoetryLogins, poetryLogins } from './poetry-logins.js';
import type { TaskIndex } from './task-indexes.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** What the logins of package tools depend on. */
export type LoginScene = Pick<EnvironmentJob, 'request' | 'env' | 'pip' | 'indexes' | 'where'>;

/**
 * Keeps logins of the agent from package indexes that a task chose. pip and uv send a login that is part of an address
 * to that address only. These go wherever a task says: the login of an index by its name (`UV_INDEX_NAME_PASSWORD`,
 * `POETRY_HTTP_BASIC_NAME_PASSWORD`, `http-basic.NAME` in files of poetry), where the task's project gives the name to an
 * address of its own, and the `default` entry of a `.netrc`.
 *
 * While `agent.git.credential_hosts` is empty they go there, and the log warns of each host once.
 *
 * @returns the job whose package tools have only logins that may go to these indexes
 */
export async function guardIndexLogins(
  job: EnvironmentJob,
  indexes: readonly TaskIndex[],
): Promise<EnvironmentJob> {
  const withheld = await withheldLogins(job, indexes);
  const toolEnvironment = { ...job.request.toolEnvironment, ...withheld };
  return { ...job, withheld, env: { ...job.env, ...withheld }, request: { ...job.request, toolEnvironment } };
}

/** The same as variables to lay over the environment of a package tool. */
export async function withheldLogins(
  scene: LoginScene,
  indexes: readonly TaskIndex[],
): Promise<Record<string, string | undefined>> {
  const { reporter, settings, cacheFolder, place } = scene.request;
  const foreign = foreignIndexes(scene, indexes);
  if (foreign.length === 0) return {};
  const netrc = await netrcWithDefault(scene);
  const poetry = place.capabilities.hostPaths ? await poetryLogins(place, scene.env) : [];
  let withheld: Record<string, string | undefined> = {};
  for (const { name, host } of foreign) {
    const named = name === undefined ? NO_LOGINS : loginsByName(name, scene.env, poetry);
    const logins = [...named.shown, ...(netrc === undefined ? [] : [`the default entry of ${netrc.file}`])];
    if (logins.length === 0) continue;
    if (settings.credentialHosts.length > 0) {
      withheld = { ...withheld, ...named.withheld };
      reporter.line(
        `${logins.join(', ')}: not sent to ${host}, which the task names and agent.git.credential_hosts does not`,
        'WARNING',
      );
    } else if (await isFirstTime(path.join(cacheFolder, 'credential-hosts'), host)) {
      reporter.line(
        `${logins.join(', ')} may go to ${host}, which a task names and no setting does: list the hosts that may get logins in agent.git.credential_hosts`,
        'WARNING',
      );
    }
  }
  if (netrc !== undefined && settings.credentialHosts.length > 0) withheld.NETRC = await netrc.without();
  return withheld;
}

/** Logins that package tools send to any address with the name of an index. */
interface NamedLogins {
  /** Where they are, for the log. */
  shown: string[];
  /** Variables without which the tools have none. */
  withheld: Record<string, string | undefined>;
}

const NO_LOGINS: NamedLogins = { shown: [], withheld: {} };

/** As uv and poetry spell the name in variables. poetry takes it apart at dots and leaves other characters as they are. */
function loginsByName(name: string, env: Environment, poetry: readonly PoetryLogins[]): NamedLogins {
  const upper = name.toUpperCase();
  const ofUv = ['USERNAME', 'PASSWORD'].map((part) => `UV_INDEX_${upper.replace(/[^A-Z0-9]/g, '_')}_${part}`);
  const ofPoetry = ['USERNAME', 'PASSWORD'].map(
    (part) => `POETRY_HTTP_BASIC_${upper.replace(/[-.]/g, '_')}_${part}`,
  );
  const inFiles = poetry.filter(({ names }) => names.has(name.toLowerCase()));
  return {
    shown: [
      ...[...ofUv, ...ofPoetry].filter((variable) => (env[variable] ?? '') !== ''),
      ...inFiles.map(({ file }) => `http-basic.${name} of ${file}`),
    ],
    withheld: {
      ...Object.fromEntries(ofUv.map((variable) => [variable, undefined])),
      // Set and empty, a variable of poetry takes precedence over its files.
      ...Object.fromEntries(ofPoetry.map((variable) => [variable, ''])),
    },
  };
}

/** Indexes on hosts that neither the list of hosts nor the agent's own indexes name. */
function foreignIndexes(
  job: LoginScene,
  indexes: readonly TaskIndex[],
): { name: string | undefined; host: string }[] {
  const own = new Set(ownIndexes(job).flatMap((url) => hostOf(url) ?? []));
  const allowed = new Set(job.request.settings.credentialHosts.map((host) => host.toLowerCase()));
  return indexes.flatMap(({ name, url }) => {
    const host = hostOf(url);
    if (host === undefined || own.has(host)) return [];
    const isAllowed = allowed.has(host) || allowed.has(new URL(url).hostname);
    return isAllowed ? [] : [{ name, host }];
  });
}

function ownIndexes({ indexes, pip, env }: LoginScene): string[] {
  const ofUv = ['UV_INDEX', 'UV_DEFAULT_INDEX', 'UV_INDEX_URL', 'UV_EXTRA_INDEX_URL'];
  return [
    ...[indexes, pip].flatMap((one) => [one.indexUrl ?? '', ...one.extraIndexUrls, ...one.findLinks]),
    ...ofUv.flatMap((name) => (env[name] ?? '').split(/\s+/)).map((text) => text.replace(/^[\w.-]+=/, '')),
  ];
}

/** `index.example.com`, with the port where the address names one; `undefined` for folders. */
function hostOf(url: string): string | undefined {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return undefined;
  return new URL(url).host;
}

/** A default entry ends a `.netrc`; what the file has before it is for hosts that the operator named. */
const DEFAULT_ENTRY = /(?:^|\s)default\s+(?:login|user|account|password)\s[\s\S]*$/;

/** The `.netrc` of this machine, where it has an entry for every host. Containers do not see it. */
async function netrcWithDefault({
  env,
  request,
  where,
}: LoginScene): Promise<{ file: string; without(): Promise<string> } | undefined> {
  const { place } = request;
  if (!place.capabilities.hostPaths) return undefined;
  for (const file of env.NETRC ? [env.NETRC] : [`${env.HOME}/.netrc`, `${env.HOME}/_netrc`]) {
    const text = await place.read(file).catch(() => undefined);
    if (text === undefined || !DEFAULT_ENTRY.test(text)) continue;
    const copy = `${where.inside}.netrc`;
    const without = async () => {
      await place.write(copy, `${text.replace(DEFAULT_ENTRY, '')}\n`, 0o600);
      return copy;
    };
    return { file, without };
  }
  return undefined;
}
