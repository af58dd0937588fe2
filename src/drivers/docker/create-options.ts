import type Docker from 'dockerode';
import type { CreateRequest } from '../../container/create-request.js';

/** The create request as the client library takes it: nothing but name and platform goes into the address. */
export function createOptions(request: CreateRequest): Docker.ContainerCreateOptions {
  const { name, platform, ...body } = request;
  const query = { ...(name === undefined ? {} : { name }), ...(platform === undefined ? {} : { platform }) };
  return { _query: query, _body: body } as Docker.ContainerCreateOptions;
}
