import path from 'node:path';
import { isFirstTime } from '../../os/first-time.js';
import type { EnvironmentJob } from '../environment-job.js';
import type { TaskIndex } from './task-indexes.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Keeps logins of the agent from package indexes that a task chose. pip and uv send a login that is part of an address
 * to that address only. These go wherever a task says: the login of an index by its name (`UV_INDEX_NAME_PASSWORD`,
 * `POETRY_HTTP_BASIC_NAME_PASSWORD`), where the task's project gives the name to an address of its own, and the
 * `default` entry of a `.netrc`.
 *
 * While `agent.git.credential_hosts` is empty they go there, and the log warns of each host once.
 *
 * @returns the job whose package tools have only logins that may go to these indexes
 */
export async function guardIndexLogins(
  job: EnvironmentJob,
  indexes: readonly TaskIndex[],
): Promise<EnvironmentJob> {
  const { reporter, settings, cacheFolder } = job.request;
  const foreign = foreignIndexes(job, indexes);
  if (foreign.length === 0) return job;
  const netrc = await netrcWithDefault(job);
  const withheld: Record<string, string | undefined> = {};
  for (const { name, host } of foreign) {
    const variables = name === undefined ? [] : loginVariables(name, job.env);
    const logins = [...variables, ...(netrc === undefined ? [] : [`the default entry of ${netrc.file}`])];
    if (logins.length === 0) continue;
    if (settings.credentialHosts.length > 0) {
      for (const variable of variables) withheld[variable] = undefined;
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
  const toolEnvironment = { ...job.request.toolEnvironment, ...withheld };
  return { ...job, env: { ...job.env, ...withheld }, request: { ...job.request, toolEnvironment } };
}

/** Of an index with this name, as uv and poetry spell it in variables. */
function loginVariables(name: string, env: Environment): string[] {
  const word = name.toUpperCase().replace(/[^A-Z0-9]/g, '_');
  return [
    `UV_INDEX_${word}_USERNAME`,
    `UV_INDEX_${word}_PASSWORD`,
    `POETRY_HTTP_BASIC_${word}_USERNAME`,
    `POETRY_HTTP_BASIC_${word}_PASSWORD`,
  ].filter((variable) => (env[variable] ?? '') !== '');
}

/** Indexes on hosts that neither the list of hosts nor the agent's own indexes name. */
function foreignIndexes(
  job: EnvironmentJob,
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

function ownIndexes({ indexes, pip, env }: EnvironmentJob): string[] {
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
}: EnvironmentJob): Promise<{ file: string; without(): Promise<string> } | undefined> {
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
