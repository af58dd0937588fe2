type Environment = Readonly<Record<string, string | undefined>>;

/** Settings of pip and uv that say where packages come from and how they are reached. */
const CARRIED = [
  /^PIP_(?:INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|NO_INDEX|TRUSTED_HOST|CERT|CLIENT_CERT|PROXY|CONSTRAINT)$/,
  /^PIP_(?:PRE|NO_BINARY|ONLY_BINARY|PREFER_BINARY|DEFAULT_TIMEOUT|TIMEOUT|RETRIES)$/,
  /^UV_(?:DEFAULT_INDEX|INDEX|INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|NO_INDEX|INDEX_STRATEGY|INSECURE_HOST)$/,
  /^UV_(?:NATIVE_TLS|SYSTEM_CERTS|KEYRING_PROVIDER|HTTP_TIMEOUT|PRERELEASE|CONSTRAINT|PYTHON_INSTALL_MIRROR)$/,
  /^UV_INDEX_\w+_(?:USERNAME|PASSWORD)$/,
  /^(?:https?|all|no)_proxy$/i,
];

/** Paths that a setting names: `/etc/ca.pem`, `file:///srv/wheels`. */
const PATH = /^((?:file:\/\/)?)(\/.*)$/;
/** Lists of them are separated by blanks or commas, which splitting keeps. */
const BETWEEN = /([\s,]+)/;

/** Where a path of this machine is seen in the container. */
type Inside = (file: string) => string;

/** Paths in the container of what the settings name here. */
export function carriedPaths(host: Environment, inside: Inside): string[] {
  return [...new Set(settingsOf(host).flatMap(([, value]) => pathsIn(value).map(inside)))];
}

/**
 * The agent's own settings for package tools, for use in a container: below what the container says itself,
 * and without those that name a file which is not `there`.
 */
export function carriedSettings(
  host: Environment,
  container: { environment: Environment; there: ReadonlySet<string>; inside: Inside },
): Record<string, string> {
  const { environment, there, inside } = container;
  const taken = settingsOf(host).filter(
    ([name, value]) => !environment[name] && pathsIn(value).every((file) => there.has(inside(file))),
  );
  return Object.fromEntries(taken.map(([name, value]) => [name, translated(value, inside)]));
}

function settingsOf(host: Environment): [string, string][] {
  return Object.entries(host).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && entry[1] !== '' && CARRIED.some((name) => name.test(entry[0])),
  );
}

function pathsIn(value: string): string[] {
  return value.split(BETWEEN).flatMap((word) => PATH.exec(word)?.[2] ?? []);
}

function translated(value: string, inside: Inside): string {
  return value
    .split(BETWEEN)
    .map((word) => word.replace(PATH, (_, scheme: string, file: string) => scheme + inside(file)))
    .join('');
}
