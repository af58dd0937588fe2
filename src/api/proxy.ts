import { BlockList, isIP } from 'node:net';
import { AgentError } from '../errors.js';

export interface Proxy {
  /** The variable that names it. */
  variable: string;
  protocol: 'http' | 'https';
  host: string;
  port: number;
  auth?: { username: string; password: string };
}

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_PORTS = { http: 80, https: 443 } as const;

/**
 * The proxy for an address by the usual variables: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, in
 * capitals or small letters; small ones win.
 *
 * @throws AgentError CONFIG_VALUE for a proxy that is not an HTTP proxy
 */
export function proxyFor(url: URL, env: Environment): Proxy | undefined {
  const scheme = url.protocol.replace(':', '');
  const found = read(env, `${scheme}_proxy`) ?? read(env, 'all_proxy');
  if (found === undefined || isExcluded(url, read(env, 'no_proxy')?.value ?? '')) return undefined;
  return parseProxy(found.value, found.name);
}

/** Items are host names with their subdomains, addresses, ranges such as 10.0.0.0/8, or `*`; a port may follow. */
function isExcluded(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = url.port || String(url.protocol === 'https:' ? DEFAULT_PORTS.https : DEFAULT_PORTS.http);
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((item) => item !== '')
    .some((item) => item === '*' || matchesRange(item, host) || matchesHost(item, host, port));
}

function matchesRange(item: string, host: string): boolean {
  const [address = '', prefix] = item.split('/');
  const family = isIP(host) === 6 ? 'ipv6' : 'ipv4';
  if (prefix === undefined || isIP(host) === 0 || isIP(address) !== isIP(host)) return false;
  const range = new BlockList();
  const bits = Number(prefix);
  if (!Number.isInteger(bits) || bits < 0 || bits > (family === 'ipv6' ? 128 : 32)) return false;
  range.addSubnet(address, bits, family);
  return range.check(host, family);
}

function matchesHost(item: string, host: string, port: string): boolean {
  const [, name = item, itemPort] = /^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(item) ?? [];
  if (isIP(item) === 6) return item === host;
  if (itemPort !== undefined && itemPort !== port) return false;
  const suffix = name.replace(/^\*?\./, '');
  return host === suffix || host.endsWith(`.${suffix}`);
}

function parseProxy(text: string, variable: string): Proxy {
  const address = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const protocol = url?.protocol.replace(':', '');
  if (url === undefined || (protocol !== 'http' && protocol !== 'https')) {
    const shown = text.replace(/\/\/[^@/]*@/, '//');
    throw new AgentError(
      'CONFIG_VALUE',
      `${variable}: expected an address like http://host:port, found "${shown}"`,
    );
  }
  const username = decodeURIComponent(url.username);
  return {
    variable,
    protocol,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || DEFAULT_PORTS[protocol],
    ...(username === '' ? {} : { auth: { username, password: decodeURIComponent(url.password) } }),
  };
}

/** A proxy as messages name it, without its password. */
export function shownProxy({ variable, protocol, host, port, auth }: Proxy): string {
  const name = isIP(host) === 6 ? `[${host}]` : host;
  return `${protocol}://${auth ? '****@' : ''}${name}:${port} (${variable})`;
}

function read(env: Environment, name: string): { name: string; value: string } | undefined {
  for (const spelling of [name, name.toUpperCase()]) {
    const value = env[spelling]?.trim();
    if (value) return { name: spelling, value };
  }
  return undefined;
}
