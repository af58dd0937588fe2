import type { Option } from './option.js';

/** What tasks' containers may do; a missing key restricts nothing. */
export const CONTAINER_POLICY_OPTIONS = [
  {
    key: 'agent.container_policy.images',
    type: 'names',
    help: 'Images that tasks may use; "*" matches any characters.',
    example: '["python:3.*", "registry.example.com/ml/*"]',
    consumedBy: 'container',
  },
  {
    key: 'agent.container_policy.registries',
    type: 'names',
    help: 'Registries that tasks may pull images from.',
    example: '["docker.io", "registry.example.com"]',
    consumedBy: 'container',
  },
  {
    key: 'agent.container_policy.mounts',
    type: 'texts',
    help: 'Host folders that tasks may mount, with everything below them.',
    example: '["/data", "/mnt/datasets"]',
    consumedBy: 'container',
  },
  {
    key: 'agent.container_policy.capabilities',
    type: 'names',
    help: 'Kernel capabilities that tasks may add.',
    example: '["SYS_PTRACE"]',
    consumedBy: 'container',
  },
  {
    key: 'agent.container_policy.networks',
    type: 'names',
    help: 'Networks that tasks may use; "default" is the one of a container that names none.',
    example: '["default", "none"]',
    consumedBy: 'container',
  },
  {
    key: 'agent.container_policy.devices',
    type: 'names',
    help: 'Host devices that tasks may add.',
    example: '["/dev/infiniband/*"]',
    consumedBy: 'container',
  },
  {
    key: 'agent.container_policy.privileged',
    type: 'boolean',
    fallback: false,
    help: 'Allow --privileged although capabilities or devices are restricted.',
    consumedBy: 'container',
  },
  {
    key: 'agent.container_policy.no_new_privileges',
    type: 'boolean',
    fallback: false,
    help: 'Prevent programs in containers from gaining privileges.',
    consumedBy: 'container',
  },
  {
    key: 'agent.container_policy.user',
    type: 'text',
    help: 'User and group, uid:gid, of all containers.',
    example: '"1000:1000"',
    consumedBy: 'container',
  },
  {
    key: 'agent.container_policy.memory',
    type: 'text',
    help: 'Memory limit of a container that sets none, and the maximum that a task may ask for.',
    example: '16g',
    consumedBy: 'container',
  },
  {
    key: 'agent.container_policy.pids_limit',
    type: 'integer',
    help: 'Process limit of a container that sets none, and the maximum that a task may ask for.',
    example: '4096',
    consumedBy: 'container',
  },
] as const satisfies readonly Option[];
