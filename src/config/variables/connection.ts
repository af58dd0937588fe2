import type { Variable } from './variable.js';

/** Where the configuration and the server are. */
export const CONNECTION_VARIABLES: readonly Variable[] = [
  {
    name: 'CLEARML_CONFIG_FILE',
    aliases: ['TRAINS_CONFIG_FILE'],
    type: 'path',
    otherwise: '~/clearml.conf after ~/trains.conf',
    help: 'Configuration file to read instead of those in the home folder.',
    consumedBy: 'config',
  },
  {
    name: 'CLEARML_CONFIG_PATH',
    aliases: ['TRAINS_CONFIG_PATH'],
    type: 'path',
    help: 'Folder whose default/*.conf files are laid over the shipped defaults, each as the section of its name.',
    consumedBy: 'config',
  },
  {
    name: 'TRAINS_ENV',
    type: 'text',
    otherwise: 'default',
    help: 'Name of the further folder of CLEARML_CONFIG_PATH: default, demo or local.',
    consumedBy: 'config',
  },
  {
    name: 'CLEARML_AGENT_CONFIG_VERBOSE',
    type: 'boolean',
    help: 'Name each configuration file that is read.',
    consumedBy: 'config',
  },
  {
    name: 'CLEARML_AUTH_TOKEN',
    type: 'text',
    secret: true,
    help: 'Token to log in with instead of the credentials.',
    consumedBy: 'api',
  },
  {
    name: 'CLEARML_NO_DEFAULT_SERVER',
    aliases: ['TRAINS_NO_DEFAULT_SERVER'],
    type: 'boolean',
    otherwise: 'yes',
    help: 'Use no public demo server when none is configured.',
    ignored: 'there is no public demo server to fall back to',
  },
  {
    name: 'CLEARML_API_VERBOSE',
    aliases: ['TRAINS_API_VERBOSE'],
    type: 'boolean',
    help: 'Log the renewal of tokens.',
    consumedBy: 'api',
  },
  {
    name: 'CLEARML_AGENT_INITIAL_CONNECT_RETRY_OVERRIDE',
    type: 'text',
    help: 'Tries to reach the server at start: a number, or no for the configured ones.',
    consumedBy: 'api',
  },
  {
    name: 'CLEARML_AGENT_FORCE_MAX_API_VERSION',
    type: 'text',
    help: 'Newest version of the API to use.',
    consumedBy: 'api',
  },
  {
    name: 'CLEARML_AGENT_URLLIB3_CONNECT_LEVEL',
    type: 'text',
    otherwise: 'WARNING',
    help: 'Log level of the HTTP library during the first login.',
    ignored: 'the HTTP library does not log; --debug shows requests',
  },
  {
    name: 'CLEARML_AGENT_DISABLE_VAULT_SUPPORT',
    type: 'boolean',
    help: 'Load no vaults from the server.',
    consumedBy: 'api',
  },
  {
    name: 'CLEARML_AGENT_ALG_ENV',
    aliases: ['TRAINS_AGENT_ALG_ENV'],
    type: 'boolean',
    help: 'Export older names of variables.',
    ignored: 'the original never reads it',
  },
  {
    name: 'REQUESTS_CA_BUNDLE',
    aliases: ['CURL_CA_BUNDLE'],
    type: 'path',
    help: 'File with the authorities to trust.',
    consumedBy: 'api',
  },
];
