import type { Option } from './option.js';

/** What containers of tasks may be; nothing is restricted while a key is absent. */
export const CONTAINER_POLICY_OPTIONS: readonly Option[] = [
  {
    key: 'agent.container_policy.images',
    type: 'names',
    help: 'Images that may be used; "*" stands for any letters.',
    example: '["python:3.*", "registry.example.com/ml/*"]',
    consumedBy: 'drivers/docker',
  },
  {
    key: 'agent.container_policy.registries',
    type: 'names',
    help: 'Registries that images may come from.',
    example: '["docker.io", "registry.example.com"]',
    consumedBy: 'drivers/docker',
  },
  {
    key: 'agent.container_policy.mounts',
    type: 'texts',
    help: 'Host folders that may be mounted, with all below them.',
    example: '["/data", "/mnt/datasets"]',
    consumedBy: 'drivers/docker',
  },
  {
    key: 'agent.container_policy.capabilities',
    type: 'names',
    help: 'Kernel capabilities that may be added.',
    example: '["SYS_PTRACE"]',
    consumedBy: 'drivers/docker',
  },
  {
    key: 'agent.container_policy.networks',
    type: 'names',
    help: 'Networks that may be used; "default" is what a container gets that names none.',
    example: '["default", "none"]',
    consumedBy: 'drivers/docker',
  },
  {
    key: 'agent.container_policy.devices',
    type: 'names',
    help: 'Devices of the host that may be added.',
    example: '["/dev/infiniband/*"]',
    consumedBy: 'drivers/docker',
  },
  {
    key: 'agent.container_policy.privileged',
    type: 'boolean',
    fallback: false,
    help: 'Allow --privileged although capabilities or devices are restricted.',
    consumedBy: 'drivers/docker',
  },
  {
    key: 'agent.container_policy.no_new_privileges',
    type: 'boolean',
    fallback: false,
    help: 'No program in a container can gain rights.',
    consumedBy: 'drivers/docker',
  },
  {
    key: 'agent.container_policy.user',
    type: 'text',
    help: 'User and group, uid:gid, of all containers.',
    example: '"1000:1000"',
    consumedBy: 'drivers/docker',
  },
  {
    key: 'agent.container_policy.memory',
    type: 'text',
    help: 'Memory of a container that sets no limit, and the most that a task may ask for.',
    example: '16g',
    consumedBy: 'drivers/docker',
  },
  {
    key: 'agent.container_policy.pids_limit',
    type: 'integer',
    help: 'Processes of a container that sets no limit, and the most that a task may ask for.',
    example: '4096',
    consumedBy: 'drivers/docker',
  },
];
