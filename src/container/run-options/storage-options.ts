import { absoluteSource } from './mount-source.js';
import { readMount } from './mount-value.js';
import { type GivenOption, type RunOption, wrongValue } from './option.js';
import { hostFlag, hostList, hostText } from './plain-options.js';
import type { RequestDraft } from './request-draft.js';
import { keyAndValue, readBytes, readFlag } from './values.js';

/** Mounts, volumes and the root file system. */
export const STORAGE_OPTIONS: readonly RunOption[] = [
  { name: 'volume', short: 'v', takes: 'value', apply: addVolume },
  {
    name: 'mount',
    takes: 'value',
    apply: ({ host, sources }, given) => {
      host.Mounts = [...(host.Mounts ?? []), readMount(given, sources.folder)];
    },
  },
  {
    name: 'tmpfs',
    takes: 'value',
    apply: ({ host }, { value }) => {
      const [, target = value, settings = ''] = /^([^:]*):(.*)$/.exec(value) ?? [];
      host.Tmpfs = { ...host.Tmpfs, [target]: settings };
    },
  },
  hostList('volumes-from', 'VolumesFrom'),
  hostText('volume-driver', 'VolumeDriver'),
  {
    name: 'storage-opt',
    takes: 'value',
    apply: ({ host }, given) => {
      if (!given.value.includes('=')) throw wrongValue(given, 'name=value');
      const [name, value] = keyAndValue(given.value);
      host.StorageOpt = { ...host.StorageOpt, [name]: value };
    },
  },
  {
    name: 'shm-size',
    takes: 'value',
    apply: ({ host }, given) => {
      host.ShmSize = readBytes(given);
    },
  },
  hostFlag('read-only', 'ReadonlyRootfs'),
  {
    name: 'use-api-socket',
    takes: 'flag',
    apply: ({ host, sources }, given) => {
      if (!readFlag(given)) return;
      const socket = {
        Type: 'bind',
        Source: sources.engineSocket,
        Target: '/var/run/docker.sock',
        BindOptions: {},
      };
      host.Mounts = [...(host.Mounts ?? []), socket];
    },
  },
];

/** `SOURCE:TARGET[:options]` is a bind or a named volume, `TARGET` alone an unnamed volume. */
function addVolume({ host, request, sources }: RequestDraft, given: GivenOption): void {
  const parts = given.value.split(':');
  const bare = parts.length === 1 || /^:+$/.test(given.value);
  if (!bare && (parts.length > 3 || parts.some((part) => part === ''))) {
    throw wrongValue(given, 'source:target, source:target:options or target');
  }
  if (bare) {
    request.Volumes = { ...request.Volumes, [given.value]: {} };
    return;
  }
  const [source = '', ...rest] = parts;
  const bind = [absoluteSource(source, sources.folder), ...rest].join(':');
  if (!host.Binds?.includes(bind)) host.Binds = [...(host.Binds ?? []), bind];
}
