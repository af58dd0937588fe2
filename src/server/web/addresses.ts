import type { Service } from '../listening/front.js';

export type Addresses = Readonly<Record<Service, string>>;

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
