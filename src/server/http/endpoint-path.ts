import { ApiError } from '../api-error.js';

export interface EndpointPath {
  /** `service.action` */
  name: string;
  /** As written, `2.23`; `undefined` when the path has none. */
  version: string | undefined;
}

const PATH = /^\/*(?:v(\d+(?:\.\d+)?)\/)?([A-Za-z_]\w*\.[A-Za-z_]\w*)\/*$/;

/** Reads `/service.action` or `/v2.23/service.action`. @throws ApiError 400/0 */
export function parseEndpointPath(path: string): EndpointPath {
  const match = PATH.exec(path);
  if (match === null)
    throw new ApiError('bad_request', { path }, 'expected /[v<version>/]<service>.<action>');
  return { name: match[2] ?? '', version: match[1] };
}

export function parseVersion(text: string): [number, number] {
  const [major = '0', minor = '0'] = text.split('.');
  return [Number(major), Number(minor)];
}
