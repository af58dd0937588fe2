/** The level of the API that is spoken: clients choose their features by it. */
export const API_VERSION = '2.34';
/** Of the server that is spoken like; clients read it as numbers between dots. */
export const SERVER_VERSION = '2.3.0';

/** Longest wait of `queues.wait_for_tasks`, seconds. Tokens name it; the released server has no such call. */
export const QUEUE_WAIT_S = 25;

/** Major and minor. */
export type Version = readonly [number, number];

export function isOlder(version: Version, than: Version): boolean {
  return version[0] < than[0] || (version[0] === than[0] && version[1] < than[1]);
}

export function parseVersion(text: string): Version {
  const [major = '0', minor = '0'] = text.split('.');
  return [Number(major), Number(minor)];
}
