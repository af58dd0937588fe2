import { type GivenOption, type RunOption, wrongValue } from './option.js';
import { hostFlag, hostText } from './plain-options.js';
import type { RequestDraft } from './request-draft.js';
import { readBytes, readBytesOrUnlimited, readInteger, readNanoCpus, readUnsigned } from './values.js';

type NumberField =
  | 'CpuCount'
  | 'CpuPercent'
  | 'CpuPeriod'
  | 'CpuQuota'
  | 'CpuRealtimePeriod'
  | 'CpuRealtimeRuntime'
  | 'CpuShares'
  | 'IOMaximumBandwidth'
  | 'IOMaximumIOps'
  | 'KernelMemory'
  | 'Memory'
  | 'MemoryReservation'
  | 'MemorySwap'
  | 'NanoCpus'
  | 'OomScoreAdj'
  | 'PidsLimit';

/** Memory, processors, processes. */
export const RESOURCE_OPTIONS: readonly RunOption[] = [
  numberOption('memory', 'Memory', readBytes, 'm'),
  numberOption('memory-reservation', 'MemoryReservation', readBytes),
  numberOption('memory-swap', 'MemorySwap', readBytesOrUnlimited),
  numberOption('kernel-memory', 'KernelMemory', readBytes),
  {
    name: 'memory-swappiness',
    takes: 'value',
    apply: ({ host }, given) => {
      const value = readInteger(given);
      if (value < -1 || value > 100) throw wrongValue(given, 'a number from 0 to 100');
      host.MemorySwappiness = value;
    },
  },
  hostFlag('oom-kill-disable', 'OomKillDisable'),
  numberOption('oom-score-adj', 'OomScoreAdj', readInteger),
  numberOption('pids-limit', 'PidsLimit', readInteger),
  numberOption('cpus', 'NanoCpus', readNanoCpus),
  numberOption('cpu-shares', 'CpuShares', readInteger, 'c'),
  numberOption('cpu-period', 'CpuPeriod', readInteger),
  numberOption('cpu-quota', 'CpuQuota', readInteger),
  numberOption('cpu-rt-period', 'CpuRealtimePeriod', readInteger),
  numberOption('cpu-rt-runtime', 'CpuRealtimeRuntime', readInteger),
  numberOption('cpu-count', 'CpuCount', readInteger),
  numberOption('cpu-percent', 'CpuPercent', readInteger),
  hostText('cpuset-cpus', 'CpusetCpus'),
  hostText('cpuset-mems', 'CpusetMems'),
  numberOption('io-maxbandwidth', 'IOMaximumBandwidth', readBytes),
  numberOption('io-maxiops', 'IOMaximumIOps', readUnsigned),
  hostText('cgroup-parent', 'CgroupParent'),
  { name: 'ulimit', takes: 'value', apply: addUlimit },
];

function numberOption(
  name: string,
  field: NumberField,
  read: (given: GivenOption) => number,
  short?: string,
): RunOption {
  return {
    name,
    ...(short === undefined ? {} : { short }),
    takes: 'value',
    apply: ({ host }, given) => {
      host[field] = read(given);
    },
  };
}

const ULIMITS =
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(
    ' ',
  );

/** `NAME=soft[:hard]`; one entry a name, the last one given. */
function addUlimit({ host }: RequestDraft, given: GivenOption): void {
  const match = /^(\w+)=(-?\d+)(?::(-?\d+))?$/.exec(given.value);
  const [, Name = '', soft = '', hard = soft] = match ?? [];
  if (match === null || !ULIMITS.includes(Name)) throw wrongValue(given, 'name=soft or name=soft:hard');
  const limit = { Name, Soft: Number(soft), Hard: Number(hard) };
  if (limit.Hard !== -1 && (limit.Soft === -1 || limit.Soft > limit.Hard)) {
    throw wrongValue(given, 'a soft limit that is not above the hard one');
  }
  const others = (host.Ulimits ?? []).filter((other) => other.Name !== Name);
  host.Ulimits = [...others, limit].sort((a, b) => (a.Name < b.Name ? -1 : 1));
}
