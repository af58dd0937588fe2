import { ownMember } from '../../os/own-member.js';
import type { MountSpec } from '../create-request.js';
import { absoluteSource } from './mount-source.js';
import { type GivenOption, wrongValue } from './option.js';
import { byteSize, csvFields, flagWord, keyAndValue } from './values.js';

/** Sets one field; `false` when the value does not fit. */
type SetField = (mount: MountSpec, value: string) => boolean;

/**
 * `--mount type=bind,source=/a,target=/b,readonly`, fields as Docker names them.
 *
 * @throws AgentError DOCKER_ARGUMENT for an unknown field, a wrong value, or fields of another mount type
 */
export function readMount(given: GivenOption, folder: string): MountSpec {
  const mount: MountSpec = { Type: 'volume' };
  const families = (csvFields(given.value) ?? []).map((field) => setField(mount, field, given));
  if (mount.Target === undefined) throw wrongValue(given, 'a target=…');
  const foreign = families.find((family) => family !== undefined && family !== mount.Type);
  if (foreign !== undefined)
    throw wrongValue(given, `no ${foreign}-… field in a mount of type ${mount.Type}`);
  if (mount.Source !== undefined && mount.Type === 'bind')
    mount.Source = absoluteSource(mount.Source, folder);
  if (mount.BindOptions?.ReadOnlyNonRecursive && !mount.ReadOnly) {
    throw wrongValue(given, 'readonly together with bind-recursive=writable');
  }
  return mount;
}

/** @returns the mount type that the field belongs to, if only to one */
function setField(mount: MountSpec, field: string, given: GivenOption): string | undefined {
  const [key, value] = keyAndValue(field);
  const name = key.toLowerCase();
  const set = ownMember(MOUNT_FIELDS, name);
  if (set === undefined)
    throw wrongValue(given, `fields such as type=bind,source=/a,target=/b, not "${field}"`);
  const bare = !field.includes('=');
  if (bare && !BARE_FIELDS.has(name)) throw wrongValue(given, `${name}=value`);
  if (!set(mount, bare ? 'true' : value)) throw wrongValue(given, `a fitting value of ${name}`);
  return /^(bind|volume|tmpfs|image)-/.exec(name)?.[1];
}

const BARE_FIELDS = new Set(['readonly', 'ro', 'bind-nonrecursive', 'bind-create-src', 'volume-nocopy']);

const source: SetField = (mount, value) => {
  mount.Source = value;
  return true;
};
const target: SetField = (mount, value) => {
  mount.Target = value;
  return true;
};
const readonly: SetField = (mount, value) => {
  const read = flagWord(value);
  if (read === true) mount.ReadOnly = true;
  return read !== undefined;
};

const MOUNT_FIELDS: Readonly<Record<string, SetField>> = {
  type: (mount, value) => {
    mount.Type = value.toLowerCase();
    return true;
  },
  source,
  src: source,
  target,
  dst: target,
  destination: target,
  readonly,
  ro: readonly,
  consistency: (mount, value) => {
    mount.Consistency = value.toLowerCase();
    return true;
  },
  'bind-propagation': (mount, value) => {
    mount.BindOptions = { ...mount.BindOptions, Propagation: value.toLowerCase() };
    return true;
  },
  'bind-nonrecursive': (mount, value) => {
    const read = flagWord(value);
    if (read !== undefined) mount.BindOptions = { ...mount.BindOptions, NonRecursive: read };
    return read !== undefined;
  },
  'bind-create-src': (mount, value) => {
    const read = flagWord(value);
    if (read === true) mount.BindOptions = { ...mount.BindOptions, CreateMountpoint: true };
    return read !== undefined;
  },
  'bind-recursive': (mount, value) => {
    const settings = ownMember(BIND_RECURSION, value);
    if (settings !== undefined) mount.BindOptions = { ...mount.BindOptions, ...settings };
    return settings !== undefined;
  },
  'volume-nocopy': (mount, value) => {
    const read = flagWord(value);
    if (read !== undefined) mount.VolumeOptions = { ...mount.VolumeOptions, NoCopy: read };
    return read !== undefined;
  },
  'volume-subpath': (mount, value) => {
    mount.VolumeOptions = { DriverConfig: {}, ...mount.VolumeOptions, Subpath: value };
    return true;
  },
  'volume-label': (mount, value) => {
    const [key, content] = keyAndValue(value);
    const Labels = { ...mount.VolumeOptions?.Labels, [key]: content };
    mount.VolumeOptions = { DriverConfig: {}, ...mount.VolumeOptions, Labels };
    return true;
  },
  'volume-driver': (mount, value) => {
    const DriverConfig = { ...mount.VolumeOptions?.DriverConfig, Name: value };
    mount.VolumeOptions = { ...mount.VolumeOptions, DriverConfig };
    return true;
  },
  'volume-opt': (mount, value) => {
    const [key, content] = keyAndValue(value);
    const before = mount.VolumeOptions?.DriverConfig;
    const DriverConfig = { ...before, Options: { ...before?.Options, [key]: content } };
    mount.VolumeOptions = { ...mount.VolumeOptions, DriverConfig };
    return true;
  },
  'image-subpath': (mount, value) => {
    mount.ImageOptions = { Subpath: value };
    return true;
  },
  'tmpfs-size': (mount, value) => {
    const size = byteSize(value);
    if (size !== undefined) mount.TmpfsOptions = { ...mount.TmpfsOptions, SizeBytes: size };
    return size !== undefined;
  },
  'tmpfs-mode': (mount, value) => {
    if (!/^[0-7]+$/.test(value)) return false;
    mount.TmpfsOptions = { ...mount.TmpfsOptions, Mode: Number.parseInt(value, 8) };
    return true;
  },
};

const BIND_RECURSION: Readonly<Record<string, MountSpec['BindOptions']>> = {
  enabled: {},
  disabled: { NonRecursive: true },
  writable: { ReadOnlyNonRecursive: true },
  readonly: { ReadOnlyForceRecursive: true },
};
