import type { Option } from './option.js';

const AGENT_FREE = 'no agent runs inside the container, so nothing of it is mounted there';

/** Paths inside containers. */
export const CONTAINER_MOUNT_OPTIONS = [
  {
    key: 'agent.docker_internal_mounts.bootstrap_folder',
    type: 'path',
    shipped: '/.clearml.bootstrap',
    help: 'Folder of the bootstrap binaries inside the container.',
    ignored: AGENT_FREE,
  },
  {
    key: 'agent.docker_internal_mounts.bootstrap_cache',
    type: 'path',
    shipped: '/.clearml.bootstrap.cache',
    help: 'Cache of the bootstrap binaries inside the container.',
    ignored: AGENT_FREE,
  },
  {
    key: 'agent.docker_internal_mounts.sdk_cache',
    type: 'path',
    shipped: '/clearml_agent_cache',
    help: "The SDK's cache inside the container.",
    consumedBy: 'container',
  },
  {
    key: 'agent.docker_internal_mounts.apt_cache',
    type: 'path',
    shipped: '/var/cache/apt/archives',
    help: 'The cache of apt inside the container.',
    consumedBy: 'container',
  },
  {
    key: 'agent.docker_internal_mounts.ssh_folder',
    type: 'path',
    shipped: '~/.ssh',
    help: 'The ssh keys inside the container.',
    consumedBy: 'container',
  },
  {
    key: 'agent.docker_internal_mounts.ssh_ro_folder',
    type: 'path',
    shipped: '/.ssh',
    help: 'Where ssh keys are mounted read-only before they are copied.',
    consumedBy: 'container',
  },
  {
    key: 'agent.docker_internal_mounts.pip_cache',
    type: 'path',
    shipped: '/root/.cache/pip',
    help: 'The cache of pip inside the container.',
    consumedBy: 'container',
  },
  {
    key: 'agent.docker_internal_mounts.poetry_cache',
    type: 'path',
    shipped: '/root/.cache/pypoetry',
    help: 'The cache of poetry inside the container.',
    consumedBy: 'container',
  },
  {
    key: 'agent.docker_internal_mounts.vcs_cache',
    type: 'path',
    shipped: '/root/.clearml/vcs-cache',
    help: 'The repository mirrors inside the container.',
    ignored: 'repositories are cloned outside the container',
  },
  {
    key: 'agent.docker_internal_mounts.venvs_cache',
    type: 'path',
    shipped: '/root/.clearml/venvs-cache',
    help: 'The cached environments inside the container.',
    consumedBy: 'container',
  },
  {
    key: 'agent.docker_internal_mounts.venv_build',
    type: 'path',
    shipped: '~/.clearml/venvs-builds',
    help: 'Where code and environment are inside the container.',
    ignored: 'code and environment of a task are in /.clearml.workspace of its container',
  },
  {
    key: 'agent.docker_internal_mounts.pip_download',
    type: 'path',
    shipped: '/root/.clearml/pip-download-cache',
    help: 'Downloaded wheels inside the container.',
    consumedBy: 'container',
  },
] as const satisfies readonly Option[];
