import type { DeviceMapping, HostConfig } from '../create-request.js';
import { readGpus } from './gpu-request.js';
import { type GivenOption, type RunOption, wrongValue } from './option.js';
import { byteSize, readUnsigned } from './values.js';

/** Devices, GPUs and the speed of block devices. */
export const DEVICE_OPTIONS: readonly RunOption[] = [
  {
    name: 'device',
    takes: 'value',
    apply: ({ host }, given) => {
      if (CDI_NAME.test(given.value)) addDeviceRequest(host, given.value);
      else host.Devices = [...(host.Devices ?? []), deviceMapping(given)];
    },
  },
  {
    name: 'gpus',
    takes: 'value',
    apply: ({ host }, given) => {
      host.DeviceRequests = [...(host.DeviceRequests ?? []), readGpus(given)];
    },
  },
  {
    name: 'device-cgroup-rule',
    takes: 'value',
    apply: ({ host }, given) => {
      if (!/^[acb] (?:[0-9]+|\*):(?:[0-9]+|\*) [rwm]{1,3}$/.test(given.value)) {
        throw wrongValue(given, 'a rule such as "c 42:* rmw"');
      }
      host.DeviceCgroupRules = [...(host.DeviceCgroupRules ?? []), given.value];
    },
  },
  {
    name: 'blkio-weight',
    takes: 'value',
    apply: ({ host }, given) => {
      host.BlkioWeight = readUnsigned(given);
    },
  },
  {
    name: 'blkio-weight-device',
    takes: 'value',
    apply: ({ host }, given) => {
      const [Path, weight] = deviceAndValue(given);
      const Weight = Number(weight);
      if (!Number.isInteger(Weight) || (Weight !== 0 && (Weight < 10 || Weight > 1000))) {
        throw wrongValue(given, '/dev/…:weight with a weight from 10 to 1000');
      }
      host.BlkioWeightDevice = [...(host.BlkioWeightDevice ?? []), { Path, Weight }];
    },
  },
  rateOption('device-read-bps', 'BlkioDeviceReadBps', byteSize),
  rateOption('device-write-bps', 'BlkioDeviceWriteBps', byteSize),
  rateOption('device-read-iops', 'BlkioDeviceReadIOps', wholeNumber),
  rateOption('device-write-iops', 'BlkioDeviceWriteIOps', wholeNumber),
];

/** A device by its name in a CDI file: `nvidia.com/gpu=0`. */
const CDI_NAME = /^[A-Za-z][A-Za-z0-9._-]*[A-Za-z0-9]\/[A-Za-z][A-Za-z0-9_-]*=[A-Za-z0-9][A-Za-z0-9_.:-]*$/;

function addDeviceRequest(host: HostConfig, name: string): void {
  const before = host.DeviceRequests?.find(({ Driver, Count }) => Driver === 'cdi' && Count === undefined);
  if (before === undefined) {
    host.DeviceRequests = [...(host.DeviceRequests ?? []), { Driver: 'cdi', DeviceIDs: [name] }];
  } else {
    before.DeviceIDs = [...(before.DeviceIDs ?? []), name];
  }
}

/** `/dev/a`, `/dev/a:/dev/b`, `/dev/a:rw`, `/dev/a:/dev/b:rw`. */
function deviceMapping(given: GivenOption): DeviceMapping {
  const [source = '', second, third, ...rest] = given.value.split(':');
  const isMode = (text: string) => /^(?!.*(.).*\1)[rwm]+$/.test(text);
  const secondIsMode = third === undefined && second !== undefined && isMode(second);
  const target = second === undefined || secondIsMode ? source : second;
  const mode = (secondIsMode ? second : third) ?? 'rwm';
  if (rest.length > 0 || !source.startsWith('/') || !target.startsWith('/') || !isMode(mode)) {
    throw wrongValue(given, '/dev/source, /dev/source:/dev/target or /dev/source:/dev/target:rwm');
  }
  return { PathOnHost: source, PathInContainer: target, CgroupPermissions: mode };
}

type RateField =
  | 'BlkioDeviceReadBps'
  | 'BlkioDeviceWriteBps'
  | 'BlkioDeviceReadIOps'
  | 'BlkioDeviceWriteIOps';

function rateOption(name: string, field: RateField, read: (text: string) => number | undefined): RunOption {
  return {
    name,
    takes: 'value',
    apply: ({ host }, given) => {
      const [Path, value] = deviceAndValue(given);
      const Rate = read(value);
      if (Rate === undefined) throw wrongValue(given, '/dev/…:rate');
      host[field] = [...(host[field] ?? []), { Path, Rate }];
    },
  };
}

function deviceAndValue(given: GivenOption): [string, string] {
  const match = /^(\/dev\/[^:]*):([^:]+)$/.exec(given.value);
  if (match === null) throw wrongValue(given, '/dev/…:value');
  return [match[1] ?? '', match[2] ?? ''];
}

function wholeNumber(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined;
}
