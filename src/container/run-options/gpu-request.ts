import { ownMember } from '../../os/own-member.js';
import type { DeviceRequest } from '../create-request.js';
import { type GivenOption, wrongValue } from './option.js';
import { csvFields, keyAndValue } from './values.js';

/**
 * `--gpus all`, `--gpus 2`, `--gpus '"device=0,1"'`, with `driver`, `capabilities` and `options` fields.
 *
 * @throws AgentError DOCKER_ARGUMENT
 */
export function readGpus(given: GivenOption): DeviceRequest {
  const fields = given.value === '' ? undefined : csvFields(given.value);
  const request: DeviceRequest = { Driver: '', Capabilities: [[]], Options: {} };
  const fits = fields?.every((field) => {
    const [key, value] = field.includes('=') ? keyAndValue(field) : ['count', field];
    return ownMember(GPU_FIELDS, key)?.(request, value) ?? false;
  });
  if (fits !== true) throw wrongValue(given, 'all, a number, or fields such as "device=0,1"');
  request.Count ??= request.DeviceIDs === undefined ? 1 : 0;
  // The engine finds a driver by its capabilities, and `gpu` is what every GPU driver has.
  request.Capabilities = [[...(request.Capabilities?.[0] ?? []), 'gpu']];
  return request;
}

/** Sets one field; `false` when the value does not fit. */
const GPU_FIELDS: Readonly<Record<string, (request: DeviceRequest, value: string) => boolean>> = {
  count: (request, value) => {
    if (!/^(all|-?\d+)$/.test(value)) return false;
    request.Count = value === 'all' ? -1 : Number(value);
    return true;
  },
  device: (request, value) => {
    request.DeviceIDs = value.split(',');
    return true;
  },
  driver: (request, value) => {
    request.Driver = value;
    return true;
  },
  capabilities: (request, value) => {
    request.Capabilities = [value.split(',')];
    return true;
  },
  options: (request, value) => {
    request.Options = Object.fromEntries((csvFields(value) ?? []).map(keyAndValue));
    return true;
  },
};
