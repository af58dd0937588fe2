import { ApiError } from '../api-error.js';

export interface EndpointPath {
  /** `service.action` */
  name: string;
  /** As written, `2.23`; `undefined` when the path has none. */
  version: string | undefined;
}

/** The version is `2.23`, or two digits or more that mean the newest (`v999`). */
const PATH = /^\/*(?:v(\d+\.\d+|\d{2,})\/)?([A-Za-z_]\w*\.[A-Za-z_]\w*)\/*$/;

/** Reads `/service.action` or `/v2.23/service.action`. @throws ApiError 400/0 */
export function parseEndpointPath(path: string): EndpointPath {
  const match = PATH.exec(path);
  if (match === null)
    throw new ApiError('bad_request', { path }, 'expected /[v<version>/]<service>.<action>');
  return { name: match[2] ?? '', version: match[1] };
}

export function isOlder(version: readonly [number, number], than: readonly [number, number]): boolean {
  return version[0] < than[0] || (version[0] === than[0] && version[1] < than[1]);
}

export function parseVersion(text: string): [number, number] {
  const [major = '0', minor = '0'] = text.split('.');
  return [Number(major), Number(minor)];
}
