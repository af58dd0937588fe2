import type { Variable } from './variable.js';

const NOTHING_TO_UPDATE = 'the image holds the agent, and nothing is updated when it starts';

/** Variables that configure containers of the agent's own image. */
export const IMAGE_VARIABLES = [
  {
    name: 'SHUTDOWN_IF_NO_ACCESS_KEY',
    type: 'presence',
    help: 'Exit at once with status 0 if no access key is given.',
    consumedBy: 'cli',
  },
  {
    name: 'CLEARML_HOST_IP',
    aliases: ['TRAINS_HOST_IP'],
    type: 'text',
    help: 'Host of a server with the usual ports, for its addresses that are not given.',
    consumedBy: 'cli',
  },
  {
    name: 'CLEARML_AGENT_DAEMON_OPTIONS',
    type: 'words',
    otherwise: '--services-mode --create-queue',
    help: 'Flags of the daemon.',
    consumedBy: 'cli',
  },
  {
    name: 'CLEARML_AGENT_QUEUES',
    type: 'names',
    otherwise: 'services',
    help: 'Queues of the daemon, most important first.',
    consumedBy: 'cli',
  },
  {
    name: 'CLEARML_AGENT_DEFAULT_BASE_DOCKER',
    aliases: ['TRAINS_AGENT_DEFAULT_BASE_DOCKER'],
    type: 'text',
    help: 'Image of tasks that name none; arguments may follow after a space.',
    consumedBy: 'cli',
  },
  {
    name: 'CLEARML_AGENT_NO_DOCKER',
    type: 'presence',
    help: "Run tasks in virtual environments inside the agent's own container.",
    consumedBy: 'cli',
  },
  {
    name: 'CLEARML_AGENT_EXTRA_ARGS',
    aliases: ['TRAINS_AGENT_EXTRA_ARGS'],
    type: 'words',
    help: 'Further flags of the daemon, after all others.',
    consumedBy: 'cli',
  },
  {
    name: 'CLEARML_AGENT_UPDATE_VERSION',
    aliases: ['TRAINS_AGENT_UPDATE_VERSION'],
    type: 'text',
    help: 'Ignored: one line says that the tag of the image chooses the version.',
    consumedBy: 'cli',
  },
  {
    name: 'CLEARML_AGENT_UPDATE_REPO',
    type: 'text',
    help: 'Ignored, like CLEARML_AGENT_UPDATE_VERSION.',
    consumedBy: 'cli',
  },
  {
    name: 'CLEARML_AGENT_NO_UPDATE',
    type: 'presence',
    help: 'Do not update the agent when a container of it starts.',
    ignored: NOTHING_TO_UPDATE,
  },
  {
    name: 'PIP_UPDATE_VERSION',
    type: 'text',
    help: 'Update pip when a container of the agent starts.',
    ignored: NOTHING_TO_UPDATE,
  },
] as const satisfies readonly Variable[];
