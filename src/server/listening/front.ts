import type { IncomingMessage, ServerResponse } from 'node:http';

export type Service = 'web' | 'api' | 'files';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** What answers a request, and the address that it reads there. */
export interface Destination {
  service: Service;
  url: string;
}

/** The service of a port that has one alone; the page shares its own with the others, so that it asks them on its own origin. */
export function ownerOf(service: Service, onePort: boolean): Service | undefined {
  return onePort || service === 'web' ? undefined : service;
}

/**
 * Which service of a port a request is for.
 *
 * @param url as the client sent it
 * @param own the service of the port; `undefined` on a port that all of them share
 * @param prefix path under which a proxy has the server, such as `/clearml`, or nothing
 */
export function destinationOf(url: string, own: Service | undefined, prefix: string): Destination {
  const inner = withoutFolder(url, prefix);
  const path = inner ?? url;
  const files = withoutFolder(path, '/files');
  if (own === undefined) {
    if (files !== undefined) return { service: 'files', url: files };
    // `configuration.json` looks like a call, so one without a version counts below `/api` only.
    const isCall = withoutFolder(path, '/api') !== undefined || /^\/v\d[\d.]*\//.test(path);
    return { service: isCall ? 'api' : 'web', url: path };
  }
  // Below a prefix each service has its own folder; a proxy may leave it in the path.
  const isBelow = own === 'files' && prefix !== '' && inner !== undefined;
  return { service: own, url: (isBelow ? files : undefined) ?? path };
}

/** The rest of an address below a folder, with its slash; `undefined` for one that is not below it. */
function withoutFolder(url: string, folder: string): string | undefined {
  if (folder === '') return url;
  if (!url.startsWith(folder)) return undefined;
  const rest = url.slice(folder.length);
  if (rest === '' || rest.startsWith('?')) return `/${rest}`;
  return rest.startsWith('/') ? rest : undefined;
}
