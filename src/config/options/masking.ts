import type { Option } from './option.js';

/** What is hidden where configuration and commands are shown. */
export const MASKING_OPTIONS = [
  {
    key: 'agent.hide_docker_command_env_vars.enabled',
    type: 'boolean',
    shipped: true,
    fallback: false,
    help: 'Hide the values of secret variables in shown container commands.',
    consumedBy: 'container',
  },
  {
    key: 'agent.hide_docker_command_env_vars.extra_keys',
    type: 'names',
    shipped: [],
    help: 'Further variables whose values are hidden.',
    example: '["MY_SECRET"]',
    consumedBy: 'container',
  },
  {
    key: 'agent.hide_docker_command_env_vars.parse_embedded_urls',
    type: 'boolean',
    shipped: true,
    help: 'Hide passwords in addresses too.',
    consumedBy: 'container',
  },
  {
    key: 'agent.sanitize_config_printout.dont_hide_secrets',
    type: 'list',
    shipped: ['^enable_git_ask_pass$'],
    help: 'Regular expressions for keys to show although one of the next two would hide them.',
    consumedBy: 'config',
  },
  {
    key: 'agent.sanitize_config_printout.hide_secrets',
    type: 'list',
    shipped: ['^sanitize_config_printout$', 'secret', 'pass', 'token', 'account_key', 'contents'],
    help: 'Regular expressions for keys whose values are hidden in the printed configuration.',
    consumedBy: 'config',
  },
  {
    key: 'agent.sanitize_config_printout.hide_secrets_recursive',
    type: 'list',
    shipped: ['^environment$'],
    help: 'Regular expressions for sections whose members are all hidden.',
    consumedBy: 'config',
  },
  {
    key: 'agent.sanitize_config_printout.docker_commands',
    type: 'list',
    shipped: ['^extra_docker_arguments$'],
    help: 'Regular expressions for keys that hold container arguments.',
    consumedBy: 'config',
  },
  {
    key: 'agent.sanitize_config_printout.urls',
    type: 'list',
    shipped: ['^extra_index_url$'],
    help: 'Regular expressions for keys that hold addresses with passwords.',
    consumedBy: 'config',
  },
] as const satisfies readonly Option[];
