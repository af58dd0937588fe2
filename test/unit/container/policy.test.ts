import test from 'ava';
import { buildRequest } from '../../../src/container/arguments/build-request.js';
import { optionsOf, parseArguments } from '../../../src/container/arguments/parse-arguments.js';
import { checkPolicy, withLimits } from '../../../src/container/policy/check-policy.js';
import { type ContainerPolicy, readContainerPolicy } from '../../../src/container/policy/container-policy.js';
import { RUN_OPTIONS } from '../../../src/container/run-options/option-table.js';
import { caseConfig } from '../../support/case-config.js';
import { recordedSources } from '../../support/docker-argument-sources.js';

const STRICT = {
  mounts: ['/data'],
  capabilities: ['SYS_PTRACE'],
  networks: ['none'],
  devices: ['/dev/infiniband/*'],
  memory: '1g',
  pids_limit: 100,
  user: '1000:1000',
};

function policy(section: Readonly<Record<string, string | number | string[]>> = STRICT): ContainerPolicy {
  const entries = Object.entries(section).map(([key, value]) => [`agent.container_policy.${key}`, value]);
  return readContainerPolicy(caseConfig(Object.fromEntries(entries), {}));
}

/** @returns the rule that refuses the arguments of a task, `allowed` where none does */
function verdict(
  args: readonly string[],
  section = STRICT as Parameters<typeof policy>[0],
  links: Record<string, string> = {},
) {
  const sources = { ...recordedSources(), realPath: (file: string) => links[file] ?? file };
  const options = optionsOf(parseArguments(args), 'test');
  const request = () => buildRequest(options, sources).request;
  try {
    checkPolicy({ image: 'mine:1', options, request, sources }, policy(section));
    return 'allowed';
  } catch (error) {
    return (
      /agent\.container_policy\.(\w+)$/.exec(error instanceof Error ? error.message : '')?.[1] ??
      String(error)
    );
  }
}

/** What the strict policy says to every option of `docker run`: the rule that refuses it, for each of its examples. */
const OPTIONS: Readonly<Record<string, readonly [example: string, rule: string][]>> = {
  annotation: [['run.oci.handler=x', 'privileged']],
  'cap-add': [
    ['ALL', 'capabilities'],
    ['cap_sys_admin', 'capabilities'],
    ['sys_ptrace', 'allowed'],
  ],
  'cgroup-parent': [['/', 'privileged']],
  cgroupns: [
    ['host', 'privileged'],
    ['private', 'allowed'],
  ],
  'cpu-rt-runtime': [['95000', 'privileged']],
  device: [
    ['/dev/sda', 'devices'],
    ['/dev/infiniband/uverbs0', 'allowed'],
    ['nvidia.com/gpu=0', 'devices'],
  ],
  'device-cgroup-rule': [['a *:* rwm', 'devices']],
  'env-file': [['/etc/shadow', 'mounts']],
  gpus: [['all', 'devices']],
  'group-add': [
    ['0', 'privileged'],
    ['root', 'privileged'],
    ['docker', 'user'],
  ],
  ipc: [
    ['host', 'privileged'],
    ['container:other', 'privileged'],
    ['shareable', 'allowed'],
    ['none', 'allowed'],
  ],
  'label-file': [['/etc/shadow', 'mounts']],
  link: [['other:x', 'networks']],
  'log-opt': [
    ['tls-ca-cert=/etc/ssl/private/key', 'mounts'],
    ['max-size=10m', 'allowed'],
  ],
  memory: [
    ['2g', 'memory'],
    ['1g', 'allowed'],
  ],
  mount: [
    ['type=bind,src=/etc,dst=/x', 'mounts'],
    ['type=bind,src=/data/x,dst=/x', 'allowed'],
    ['type=volume,src=v,dst=/x,volume-driver=plugin', 'mounts'],
    ['type=volume,src=v,dst=/x', 'allowed'],
  ],
  network: [
    ['host', 'networks'],
    ['bridge', 'networks'],
    ['container:other', 'networks'],
    ['name=mine,alias=a', 'networks'],
    ['none', 'allowed'],
  ],
  'oom-kill-disable': [['true', 'privileged']],
  'oom-score-adj': [
    ['-500', 'privileged'],
    ['500', 'allowed'],
  ],
  pid: [
    ['host', 'privileged'],
    ['container:other', 'privileged'],
  ],
  'pids-limit': [
    ['-1', 'pids_limit'],
    ['0', 'pids_limit'],
    ['101', 'pids_limit'],
    ['100', 'allowed'],
  ],
  privileged: [
    ['true', 'privileged'],
    ['false', 'allowed'],
  ],
  runtime: [['other', 'privileged']],
  'security-opt': [
    ['seccomp=unconfined', 'privileged'],
    ['seccomp=/etc/shadow', 'mounts'],
    ['apparmor=unconfined', 'privileged'],
    ['systempaths=unconfined', 'privileged'],
    ['no-new-privileges', 'allowed'],
    ['no-new-privileges=false', 'privileged'],
  ],
  'use-api-socket': [['true', 'mounts']],
  userns: [['host', 'privileged']],
  uts: [['host', 'privileged']],
  volume: [
    ['/:/host', 'mounts'],
    ['/data/../etc:/x', 'mounts'],
    ['/data:/x', 'allowed'],
    ['named:/x', 'allowed'],
  ],
  'volume-driver': [['plugin', 'mounts']],
  'volumes-from': [['other', 'mounts']],
};

/** Options that harm nobody but the task, with a value that Docker takes; memory and swap are judged together below. */
const HARMLESS: Readonly<Record<string, string>> = {
  'add-host': 'a:127.0.0.1',
  attach: 'stdout',
  'blkio-weight': '10',
  'blkio-weight-device': '/dev/sda:10',
  'cap-drop': 'ALL',
  cidfile: 'x',
  'cpu-count': '1',
  'cpu-percent': '1',
  'cpu-period': '1000',
  'cpu-quota': '1000',
  'cpu-rt-period': '1000',
  'cpu-shares': '2',
  cpus: '1',
  'cpuset-cpus': '0',
  'cpuset-mems': '0',
  detach: 'true',
  'detach-keys': 'ctrl-p',
  'device-read-bps': '/dev/sda:1mb',
  'device-read-iops': '/dev/sda:10',
  'device-write-bps': '/dev/sda:1mb',
  'device-write-iops': '/dev/sda:10',
  'disable-content-trust': 'true',
  dns: '127.0.0.1',
  'dns-option': 'x',
  'dns-search': 'x',
  domainname: 'x',
  entrypoint: 'x',
  env: 'A=1',
  expose: '80',
  'health-cmd': 'x',
  'health-interval': '1s',
  'health-retries': '1',
  'health-start-interval': '1s',
  'health-start-period': '1s',
  'health-timeout': '1s',
  hostname: 'x',
  init: 'true',
  interactive: 'true',
  'io-maxbandwidth': '1g',
  'io-maxiops': '1',
  ip: '10.0.0.2',
  ip6: '::2',
  isolation: 'default',
  'kernel-memory': '10m',
  label: 'a=b',
  'link-local-ip': '169.254.0.2',
  'log-driver': 'json-file',
  'mac-address': '92:d0:c6:0a:29:33',
  'memory-reservation': '10m',
  'memory-swap': '1g',
  'memory-swappiness': '1',
  name: 'x',
  'network-alias': 'x',
  'no-healthcheck': 'true',
  platform: 'linux/amd64',
  publish: '8080:80',
  'publish-all': 'true',
  pull: 'missing',
  quiet: 'true',
  'read-only': 'true',
  restart: 'no',
  rm: 'true',
  'shm-size': '64m',
  'sig-proxy': 'true',
  'stop-signal': 'TERM',
  'stop-timeout': '1',
  'storage-opt': 'size=1g',
  sysctl: 'net.core.somaxconn=1',
  tmpfs: '/x',
  tty: 'true',
  ulimit: 'nofile=10',
  umask: '0022',
  user: '0',
  workdir: '/x',
};

/** Options that need another beside them to be understood. */
const BESIDE: Readonly<Record<string, readonly string[]>> = {
  'memory-swap': ['--memory=512m'],
  'memory-swappiness': ['--memory=512m'],
  'network-alias': ['--network=mine'],
  ip: ['--network=mine'],
  ip6: ['--network=mine'],
  'link-local-ip': ['--network=mine'],
  'mac-address': ['--network=mine'],
};

test('the policy has a verdict for every option of docker run', (t) => {
  const judged = [...Object.keys(OPTIONS), ...Object.keys(HARMLESS)].sort();
  // An error of its own, whatever the policy.
  const known = RUN_OPTIONS.map(({ name }) => name).filter((name) => name !== 'help');
  t.deepEqual(judged, known.sort());
});

for (const [name, examples] of Object.entries(OPTIONS)) {
  for (const [value, rule] of examples)
    test(`policy: --${name}=${value} is ${rule}`, (t) => t.is(verdict([`--${name}=${value}`]), rule));
}

for (const [name, value] of Object.entries(HARMLESS)) {
  test(`policy: --${name}=${value} is allowed`, (t) => {
    const section = { ...STRICT, networks: ['none', 'mine'] };
    t.is(verdict([...(BESIDE[name] ?? []), `--${name}=${value}`], section), 'allowed');
  });
}

const SPELLINGS: readonly [args: string, rule: string][] = [
  ['-v/:/host', 'mounts'],
  ['--net host', 'networks'],
  ['-m 2g', 'memory'],
  ['-m 512m --memory-swap -1', 'memory'],
  ['-m 512m --memory-swap 4g', 'memory'],
  ['--network none --link other', 'networks'],
  ['--security-opt seccomp:/etc/shadow', 'mounts'],
];

for (const [args, rule] of SPELLINGS)
  test(`policy: ${args} is refused by ${rule}`, (t) => t.is(verdict(args.split(' ')), rule));

test('policy: a link below an allowed folder is judged by its target', (t) => {
  const links = { '/data/link': '/etc' };
  t.is(verdict(['-v', '/data/link:/x'], STRICT, links), 'mounts');
  t.is(verdict(['-v', '/data/link:/x'], { mounts: ['/data', '/etc'] }, links), 'allowed');
});

test('policy: files of the host are judged before they are read, and never quoted', (t) => {
  const sources = { ...recordedSources(), readText: () => 'root:SECRET of:root\n' };
  const options = optionsOf(parseArguments(['--env-file', '/etc/shadow']), 'test');
  const asked = (section: Parameters<typeof policy>[0]) => () =>
    checkPolicy(
      { image: 'i', options, sources, request: () => buildRequest(options, sources).request },
      policy(section),
    );
  t.throws(asked(STRICT), { message: /^host path \/etc\/shadow is not allowed/ });
  t.throws(asked({}), {
    message: /--env-file: expected a file of NAME=value lines; line 1 is none, found "\/etc\/shadow"$/,
  });
});

const NETWORKS: readonly [allowed: string[], mode: string | undefined][] = [
  [['none'], 'none'],
  [['ml-*', 'quiet'], 'quiet'],
  [['default', 'none'], undefined],
  [['bridge'], undefined],
];

for (const [networks, mode] of NETWORKS)
  test(`policy: a task that names no network, with networks [${networks}]`, (t) => {
    const request = { Image: 'i', HostConfig: {} };
    t.is(withLimits(request, policy({ networks })).HostConfig.NetworkMode, mode);
  });

test('policy: no network at all may be joined', (t) => {
  t.throws(() => withLimits({ Image: 'i', HostConfig: {} }, policy({ networks: ['ml-*'] })), {
    message: /default network is not allowed here by agent\.container_policy\.networks$/,
  });
});
