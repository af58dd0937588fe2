import { AgentError } from '../../errors.js';

/** Addresses of a ClearML installation's three servers. */
export interface Hosts {
  web: string;
  api: string;
  files: string;
}

type Role = keyof Hosts;
const ROLES: readonly Role[] = ['web', 'api', 'files'];

/** First part of the host name. */
const SUBDOMAINS: readonly Readonly<Record<Role, string>>[] = [
  { web: 'demoapp.', api: 'demoapi.', files: 'demofiles.' },
  { web: 'app.', api: 'api.', files: 'files.' },
];
const PORTS: Readonly<Record<Role, string>> = { web: '8080', api: '8008', files: '8081' };
/** Last part of the path after a proxy that serves all three under one name. */
const PATHS: Readonly<Record<Role, string>> = { web: '', api: '/api', files: '/files' };

/** ClearML's hosted service. */
const HOSTED: Hosts = {
  web: 'https://app.clear.ml',
  api: 'https://api.clear.ml',
  files: 'https://files.clear.ml',
};

/**
 * Guesses the addresses that are not known from one that is: by sub-domain (app./api./files.), by port
 * (8080/8008/8081), by path (…/api, …/files). Where nothing fits, the default ports of the same host.
 */
export function guessHosts(known: Partial<Hosts>): Hosts {
  const given = ROLES.find((role) => known[role] !== undefined);
  if (given === undefined) return HOSTED;
  const guessed = guessFrom(new URL(known[given] ?? HOSTED[given]), given);
  return { ...guessed, ...known };
}

function guessFrom(url: URL, given: Role): Hosts {
  const subdomains = SUBDOMAINS.find((row) => ROLES.some((role) => url.hostname.startsWith(row[role])));
  if (subdomains !== undefined) return bySubdomain(url, subdomains);
  if (Object.values(PORTS).includes(url.port)) return byPort(url);
  const role = (['api', 'files'] as const).find((one) =>
    url.pathname.replace(/\/+$/, '').endsWith(PATHS[one]),
  );
  if (role !== undefined && url.port === '') return byPath(url, PATHS[role]);
  const ports = byPort(url);
  return { ...ports, [given]: addressOf(url) };
}

function bySubdomain(url: URL, row: Readonly<Record<Role, string>>): Hosts {
  const prefix = ROLES.map((role) => row[role]).find((part) => url.hostname.startsWith(part)) ?? '';
  return each((role) => {
    const other = new URL(url);
    other.hostname = row[role] + url.hostname.slice(prefix.length);
    return addressOf(other);
  });
}

function byPort(url: URL): Hosts {
  return each((role) => {
    const other = new URL(url);
    other.port = PORTS[role];
    return addressOf(other);
  });
}

function byPath(url: URL, end: string): Hosts {
  const base = url.pathname.replace(/\/+$/, '').slice(0, -end.length);
  return each((role) => {
    const other = new URL(url);
    other.pathname = base + PATHS[role];
    return addressOf(other);
  });
}

function each(address: (role: Role) => string): Hosts {
  return { web: address('web'), api: address('api'), files: address('files') };
}

/**
 * An address as a person types it. Without a scheme it is http where a port is given, https otherwise; user
 * names, queries and a slash at the end are dropped.
 *
 * @throws AgentError USAGE
 */
export function readAddress(text: string): string {
  const typed = text.trim();
  const full = /^https?:\/\//i.test(typed) ? typed : `${typed.includes(':') ? 'http' : 'https'}://${typed}`;
  if (typed !== '' && URL.canParse(full) && new URL(full).hostname !== '') return addressOf(new URL(full));
  throw new AgentError(
    'USAGE',
    `expected an address such as https://api.clear.ml or host:8008, got "${typed}"`,
  );
}

/** Node leaves the default port out, and so do we. */
function addressOf(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`;
}
