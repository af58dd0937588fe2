import type { Variable } from './variable.js';

/** Container mode. */
export const CONTAINER_VARIABLES = [
  {
    name: 'CLEARML_DOCKER_IMAGE',
    aliases: ['TRAINS_DOCKER_IMAGE'],
    type: 'text',
    help: 'Default image, with arguments, for --docker without an image.',
    consumedBy: 'container',
  },
  {
    name: 'CLEARML_AGENT_EXTRA_DOCKER_LABELS',
    type: 'pairs',
    help: 'Labels of every container.',
    consumedBy: 'container',
  },
  {
    name: 'CLEARML_AGENT_DOCKER_ARGS_HIDE_ENV',
    type: 'names',
    help: 'Further variables whose values are hidden in printed commands.',
    consumedBy: 'container',
  },
  {
    name: 'SSH_AUTH_SOCK',
    type: 'path',
    help: 'Socket of the ssh agent; mounted into containers in place of ~/.ssh.',
    consumedBy: 'container',
  },
  {
    name: 'CLEARML_AGENT_K8S_HOST_MOUNT',
    aliases: [
      'CLEARML_AGENT_DOCKER_HOST_MOUNT',
      'TRAINS_AGENT_K8S_HOST_MOUNT',
      'TRAINS_AGENT_DOCKER_HOST_MOUNT',
    ],
    type: 'text',
    help: 'host:inside, for an agent that itself runs in a container. Paths below are translated for sibling containers.',
    consumedBy: 'container',
  },
  {
    name: 'CLEARML_DOCKER_SKIP_GPUS_FLAG',
    aliases: ['TRAINS_DOCKER_SKIP_GPUS_FLAG'],
    type: 'presence',
    help: 'Request no GPUs from the engine.',
    consumedBy: 'container',
  },
  {
    name: 'CLEARML_AGENT_FORCE_SYSTEM_SITE_PACKAGES',
    type: 'boolean',
    otherwise: 'yes',
    help: "Environments in containers see the image's own packages.",
    consumedBy: 'task',
  },
  {
    name: 'CLEARML_AGENT_FORCE_HOST_MACHINE_IP',
    type: 'text',
    otherwise: 'found out',
    help: 'Address passed to containers that publish ports.',
    consumedBy: 'drivers/docker',
  },
  {
    name: 'CLEARML_AGENT_SERVICES_DOCKER_RESTART',
    type: 'text',
    help: 'Restart policy of containers, such as unless-stopped;field=value.',
    consumedBy: 'container',
  },
  {
    name: 'CLEARML_AGENT_STANDALONE_CONFIG_BC',
    type: 'boolean',
    help: 'Leave pip_version out of the configuration in containers.',
    ignored: 'no agent runs inside the container',
  },
  {
    name: 'FORCE_CLEARML_AGENT_REPO',
    aliases: ['CLEARML_AGENT_DOCKER_AGENT_REPO'],
    type: 'text',
    help: 'What is installed as the agent in containers.',
    ignored: 'no agent runs inside the container',
  },
  {
    name: 'FORCE_LOCAL_CLEARML_AGENT_WHEEL',
    type: 'path',
    help: 'Wheel that is installed as the agent in containers.',
    ignored: 'no agent runs inside the container',
  },
] as const satisfies readonly Variable[];
