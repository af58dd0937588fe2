import { API_VERSION, isOlder, parseVersion, type Version } from '../versions.js';

/** What the path of a request says. */
export interface EndpointPath {
  /** `service.action` */
  name: string;
  /** As written, `2.23`; the newest when the path has none. */
  version: string;
}

/**
 * The version is `2.23`, or two digits or more that mean the newest (`v999`). Before it may stand `api`, where a proxy in
 * front of the released server has its API.
 */
const PATH = /^\/*(?:api\/)?(?:v(\d+\.\d+|\d{2,})\/)?([A-Za-z_]\w*\.[A-Za-z_]\w*)\/*(?=\?|$)/;

/** Reads `/service.action` or `/v2.23/service.action`; `undefined` for any other path. */
export function endpointPath(url: string): EndpointPath | undefined {
  const match = PATH.exec(url);
  return match === null ? undefined : { name: match[2] ?? '', version: match[1] ?? API_VERSION };
}

/** The URL of the route: the path without version and further slashes. Nothing is older than 1.0. */
export function routeUrl({ url = '' }: { url?: string }): string {
  return url.replace(PATH, (all: string, version = API_VERSION, name: string) =>
    parseVersion(version)[0] < 1 ? all : `/${name}`,
  );
}

/** Chooses among the routes of one path: the newest that the version asked for has. */
export const bySince = {
  name: 'since',
  storage: () => {
    const stored: { since: Version; handler: never }[] = [];
    return {
      get: (asked: unknown) =>
        stored.find(({ since }) => !isOlder(parseVersion(String(asked)), since))?.handler ?? null,
      set: (since: unknown, handler: never) => {
        stored.push({ since: parseVersion(String(since)), handler });
        stored.sort((a, b) => (isOlder(a.since, b.since) ? 1 : -1));
      },
    };
  },
  deriveConstraint: ({ originalUrl, url = '' }: { originalUrl?: string; url?: string }) =>
    endpointPath(originalUrl ?? url)?.version ?? API_VERSION,
};
