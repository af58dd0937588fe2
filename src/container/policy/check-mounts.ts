import path from 'node:path';
import type { HostConfig } from '../create-request.js';
import type { GivenOption } from '../run-options/option.js';
import type { ArgumentSources } from '../run-options/request-draft.js';
import { matches, refuse } from './rules.js';

interface Asked {
  options: readonly GivenOption[];
  sources: ArgumentSources;
}

type Allowed = readonly string[] | undefined;

/** Options whose value is a file of the host that the agent or the engine reads, and which part of the value it is. */
const FILE_IN_VALUE: Readonly<Record<string, (value: string, folder: string) => string | undefined>> = {
  'env-file': (value, folder) => path.resolve(folder, value),
  'label-file': (value, folder) => path.resolve(folder, value),
  'security-opt': (value, folder) => {
    const file = /^seccomp[=:](?!unconfined$|builtin$|\{)(.+)$/s.exec(value)?.[1];
    return file === undefined ? undefined : path.resolve(folder, file);
  },
  'log-opt': (value) => /=(\/.*)$/s.exec(value)?.[1],
};

/** Before any of these files is read. */
export function checkReadFiles({ options, sources }: Asked, allowed: Allowed): void {
  if (allowed === undefined) return;
  for (const { option, value } of options) {
    const file = FILE_IN_VALUE[option.name]?.(value, sources.folder);
    if (file !== undefined) checkPath(file, sources, allowed);
  }
}

export function checkMounts(host: HostConfig, { sources }: Asked, allowed: Allowed): void {
  if (allowed === undefined) return;
  if (host.VolumesFrom !== undefined) refuse('mounts', `--volumes-from ${host.VolumesFrom.join(' ')}`);
  if (host.VolumeDriver !== undefined) refuse('mounts', `--volume-driver ${host.VolumeDriver}`);
  const drivers = (host.Mounts ?? []).map(({ VolumeOptions }) => VolumeOptions?.DriverConfig?.Name);
  const plugin = drivers.find((name) => name !== undefined && name !== '' && name !== 'local');
  if (plugin !== undefined) refuse('mounts', `volume driver ${plugin}`);
  const binds = (host.Binds ?? []).map((bind) => bind.split(':', 1)[0] ?? '');
  const mounts = (host.Mounts ?? []).flatMap(({ Type, Source, VolumeOptions }) => [
    ...(Type === 'bind' && Source !== undefined ? [Source] : []),
    // A volume of the local driver can be a folder of the host under another name.
    ...(VolumeOptions?.DriverConfig?.Options?.device ?? '').split('\n').filter((device) => device !== ''),
  ]);
  for (const source of [...binds, ...mounts].filter((one) => one.startsWith('/')))
    checkPath(source, sources, allowed);
}

/** A link below an allowed folder, which an earlier task may have made there, counts as what it leads to. */
function checkPath(file: string, { realPath }: ArgumentSources, allowed: readonly string[]): void {
  for (const real of new Set([path.resolve(file), realPath(path.resolve(file))])) {
    const fits = allowed.some(
      (folder) => matches(real, [folder]) || real.startsWith(`${path.resolve(folder)}/`),
    );
    if (!fits) refuse('mounts', `host path ${real}`);
  }
}
