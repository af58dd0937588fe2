import { AgentError } from '../../errors.js';
import { asObject, isObject, type Json, type JsonObject } from '../json.js';
import type { Service } from '../listening/front.js';

export type Addresses = Readonly<Record<Service, string>>;

/** Variables with the addresses at which other machines reach the services. */
const EXTERNAL: Readonly<Record<Service, string>> = {
  web: 'WEBSERVER_URL_FOR_EXTERNAL_WORKERS',
  api: 'APISERVER_URL_FOR_EXTERNAL_WORKERS',
  files: 'FILESERVER_URL_FOR_EXTERNAL_WORKERS',
};

/** Names of the services in `displayedServerUrls`. */
const DISPLAYED: Readonly<Record<Service, string>> = {
  web: 'webServer',
  api: 'apiServer',
  files: 'filesServer',
};

/**
 * The settings of the page, `/configuration.json`: `WEBSERVER__a__b` sets `b` in `a`, as JSON where it is JSON.
 *
 * @throws AgentError CONFIG_VALUE for names that contradict each other
 */
export function pageSettings(env: Readonly<Record<string, string | undefined>>): JsonObject {
  const settings: JsonObject = {};
  for (const [name, text] of Object.entries(env)) {
    const path = name.startsWith('WEBSERVER__') ? name.split('__').slice(1) : [];
    if (path.length === 0 || path.includes('') || text === undefined || text === '') continue;
    setAt(settings, path, parsedValue(text), name);
  }
  return settings;
}

function setAt(
  settings: JsonObject,
  [first = '', ...rest]: readonly string[],
  value: Json,
  name: string,
): void {
  if (rest.length === 0) {
    settings[first] = isObject(value) && isObject(settings[first]) ? { ...value, ...settings[first] } : value;
    return;
  }
  const inner = Object.hasOwn(settings, first) ? settings[first] : {};
  if (!isObject(inner))
    throw new AgentError(
      'CONFIG_VALUE',
      `${name}: another variable sets ${first} to ${JSON.stringify(inner)}`,
    );
  settings[first] = inner;
  setAt(inner, rest, value, name);
}

function parsedValue(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * The addresses that an administrator has set: those of `WEBSERVER__displayedServerUrls`, else those for external workers.
 *
 * @throws AgentError CONFIG_VALUE for an address that is none
 */
export function fixedAddresses(
  settings: JsonObject,
  env: Readonly<Record<string, string | undefined>>,
): Partial<Addresses> {
  const displayed = asObject(settings.displayedServerUrls);
  const fixed: Partial<Record<Service, string>> = {};
  for (const service of ['web', 'api', 'files'] as const) {
    const name = DISPLAYED[service];
    const set =
      readAddress(displayed[name], `WEBSERVER__displayedServerUrls: ${name}`) ??
      readAddress(env[EXTERNAL[service]], EXTERNAL[service]);
    if (set !== undefined) fixed[service] = set;
  }
  return fixed;
}

function readAddress(value: Json | undefined, from: string): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string' && /^https?:\/\/[^\s"'<>\\]+$/i.test(value) && URL.canParse(value))
    return value.replace(/\/+$/, '');
  throw new AgentError(
    'CONFIG_VALUE',
    `${from}: expected an address such as https://api.example.com, got ${JSON.stringify(value)}`,
  );
}

/** How a browser has reached the page. */
export interface Reached {
  scheme: 'http' | 'https';
  /** Name and port. */
  host: string;
  prefix: string;
}

/**
 * The addresses beside the one at which a browser has reached the page: the same name with the port of the service, the
 * sub-domains `api.` and `files.` beside `app.`, or folders of the one port.
 */
export function addressesFor({ scheme, host, prefix }: Reached, own: Addresses, onePort: boolean): Addresses {
  const base = `${scheme}://${host}`;
  if (host === '' || !URL.canParse(base)) return own;
  const web = `${base}${prefix}`;
  if (onePort || prefix !== '') return { web, api: `${web}/api`, files: `${web}/files` };
  if (host.startsWith('app.')) {
    const beside = (label: string) => `${scheme}://${label}.${host.slice('app.'.length)}`;
    return { web, api: beside('api'), files: beside('files') };
  }
  const { hostname } = new URL(base);
  const withPort = (address: string) => `${scheme}://${hostname}:${new URL(address).port}`;
  return { web, api: withPort(own.api), files: withPort(own.files) };
}
