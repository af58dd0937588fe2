import { type GivenOption, type RunOption, wrongValue } from './option.js';
import { hostFlag, hostList, hostText } from './plain-options.js';
import type { RequestDraft } from './request-draft.js';
import { keyAndValue } from './values.js';
import { readArgumentFile } from './variable-file.js';

/** Privileges, namespaces and kernel settings. */
export const SECURITY_OPTIONS: readonly RunOption[] = [
  hostFlag('privileged', 'Privileged'),
  {
    name: 'cap-add',
    takes: 'value',
    apply: ({ host }, { value }) => {
      host.CapAdd = withCapability(host.CapAdd, value);
    },
  },
  {
    name: 'cap-drop',
    takes: 'value',
    apply: ({ host }, { value }) => {
      host.CapDrop = withCapability(host.CapDrop, value);
    },
  },
  { name: 'security-opt', takes: 'value', apply: addSecurityOption },
  hostList('group-add', 'GroupAdd'),
  hostText('ipc', 'IpcMode'),
  modeOption('pid', 'PidMode', /^(|host|container:.+)$/, 'host or container:NAME'),
  modeOption('uts', 'UTSMode', /^(|host)$/, 'host'),
  modeOption('userns', 'UsernsMode', /^(|host)$/, 'host'),
  modeOption('cgroupns', 'CgroupnsMode', /^(|host|private)$/, 'host or private'),
  hostText('isolation', 'Isolation'),
  hostText('runtime', 'Runtime'),
  {
    name: 'sysctl',
    takes: 'value',
    apply: ({ host }, given) => {
      const [name, value] = keyAndValue(given.value);
      if (!SYSCTL.test(name)) throw wrongValue(given, 'a kernel setting that containers have for themselves');
      host.Sysctls = { ...host.Sysctls, [name]: value };
    },
  },
];

/** Kernel settings that have their own namespace, so that a container cannot change the machine's. */
const SYSCTL =
  /^(kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)|fs\.mqueue\..+|net\..+)$/;

function modeOption(
  name: string,
  field: 'PidMode' | 'UTSMode' | 'UsernsMode' | 'CgroupnsMode',
  accepted: RegExp,
  expected: string,
): RunOption {
  return {
    name,
    takes: 'value',
    apply: ({ host }, given) => {
      if (!accepted.test(given.value)) throw wrongValue(given, expected);
      host[field] = given.value;
    },
  };
}

/** Sorted, without repeats, in the kernel's spelling: `net_admin` is `CAP_NET_ADMIN`. */
function withCapability(list: readonly string[] | undefined, value: string): string[] {
  return [...new Set([...(list ?? []), capabilityName(value)])].sort();
}

export function capabilityName(value: string): string {
  const upper = value.trim().toUpperCase();
  return upper === 'ALL' || upper === 'RESET' || upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
}

/** A seccomp profile is given by file and sent by content; `systempaths=unconfined` shows the whole of /proc. */
function addSecurityOption({ host, sources }: RequestDraft, given: GivenOption): void {
  const match = /^([^=:]+)[=:](.*)$/s.exec(given.value);
  if (match === null && given.value !== 'no-new-privileges') throw wrongValue(given, 'name=value');
  const [, name = given.value, value = ''] = match ?? [];
  if (name === 'systempaths' && value === 'unconfined') {
    host.MaskedPaths = [];
    host.ReadonlyPaths = [];
    host.SecurityOpt ??= [];
    return;
  }
  const isFile = name === 'seccomp' && value !== 'unconfined' && value !== 'builtin';
  const text = isFile
    ? `seccomp=${compactProfile(given, readArgumentFile(given, sources, value))}`
    : given.value;
  host.SecurityOpt = [...(host.SecurityOpt ?? []), text];
}

function compactProfile(given: GivenOption, text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    throw wrongValue(given, 'a seccomp profile in JSON');
  }
}
