import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { ApiError } from '../api-error.js';
import type { ServerContext } from '../context.js';
import type { Asking } from './authenticate.js';

/** What says which pages are this server's own. */
type Pages = Pick<ServerContext, 'config' | 'ownPages'>;

/**
 * Refuses a browser that reached this server by a name of another: a page can let its own name point here and then reads the
 * answers (DNS rebinding). Programs may use any name.
 *
 * @throws ApiError 403/10
 */
export function requireOwnHost(pages: Pages, { headers }: Pick<Asking, 'headers'>): void {
  if (!isFromBrowser(headers)) return;
  const host = hostNameOf(`http://${headers.host ?? ''}`);
  if (host !== undefined && isOwnHost(pages, host)) return;
  throw new ApiError(
    'routing_error',
    { host: String(headers.host ?? '').slice(0, 200) },
    'not a name of this server; apiserver.allowed_hosts lists further ones',
  );
}

function isFromBrowser(headers: IncomingHttpHeaders): boolean {
  return (
    headers.origin !== undefined ||
    headers.cookie !== undefined ||
    headers['sec-fetch-site'] !== undefined ||
    /^Mozilla\//.test(headers['user-agent'] ?? '')
  );
}

function isOwnHost({ config, ownPages }: Pages, host: string): boolean {
  if (isIP(host.replace(/^\[|\]$/g, '')) !== 0 || host === 'localhost' || host.endsWith('.localhost'))
    return true;
  const own = [
    hostname().toLowerCase(),
    config.get('apiserver.listen.ip'),
    config.get('apiserver.auth.cookies.domain') ?? '',
    ...ownPages.hosts,
    ...config.get('apiserver.allowed_hosts'),
  ];
  return own.some((name) => isWithin(host, name.toLowerCase()));
}

/** `.example.com` matches the domain and its subdomains. */
function isWithin(host: string, name: string): boolean {
  if (name === '' || name === '.') return false;
  return name.startsWith('.') ? host === name.slice(1) || host.endsWith(name) : host === name;
}

function hostNameOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname.toLowerCase() : undefined;
}

/**
 * Refuses a cookie that a page of another site makes a browser send. Reads of the file server may come from anywhere on this
 * site, because pages show its images.
 *
 * @throws ApiError 403/10
 */
export function requireOwnPage(pages: Pages, asking: Asking): void {
  const { headers, endpoint, method } = asking;
  const { origin, 'sec-fetch-site': site, 'user-agent': agent = '' } = headers;
  const isRead = method === 'GET' || method === 'HEAD';
  if (origin !== undefined) {
    if (!isOwnOrigin(pages, origin, headers.host ?? '')) throw foreign({ origin: origin.slice(0, 200) });
  } else if (endpoint === undefined && isRead) {
    if (site === 'cross-site') throw foreign({ site });
  } else if (site !== undefined) {
    if (site !== 'same-origin') throw foreign({ site: String(site) });
  } else if (isRead && /^Mozilla\//.test(agent)) {
    // Over plain HTTP browsers do not say which page a GET comes from.
    throw foreign({ method });
  }
}

function foreign(data: { [name: string]: string }): ApiError {
  return new ApiError('routing_error', data, 'the cookie of a session counts for pages of this server only');
}

/** Whether a page is of this server: by the configuration, by the cookie's domain, or on the same host. */
export function isOwnOrigin({ config, ownPages }: Pages, origin: string, ownHost: string): boolean {
  if (ownPages.origins.has(origin)) return true;
  if (!URL.canParse(origin) || !URL.canParse(`http://${ownHost}`)) return false;
  const page = new URL(origin);
  const domain = config.get('apiserver.auth.cookies.domain');
  if (domain !== undefined && isWithin(page.hostname, `.${domain.replace(/^\./, '')}`)) return true;
  const own = new URL(`http://${ownHost}`);
  if (page.hostname === own.hostname) return page.port === own.port || ownPages.ports.has(page.port);
  // The guides name the sub-domains; a proxy gives all of them the usual port.
  const site = siteOf(page.hostname);
  return page.port === own.port && site !== undefined && site === siteOf(own.hostname);
}

/** What follows the label of a sub-domain: the same for `app`, `api` and `files`. */
function siteOf(host: string): string | undefined {
  return /^(?:app|api|files)\.(.+)$/.exec(host)?.[1];
}
