import type { ConfigTree } from '../config.js';
import type { Option } from './option.js';

const NO_METERING = 'usage metering needs native libraries that belong to the original';

const WHITELIST: ConfigTree = {
  version: 1,
  default_action: 'meter',
  rules: [
    { host: 'api.openai.com', path_prefix: '/v1/', inject_headers: false, tokenizer: 'cl100k' },
    { host: 'api.anthropic.com', path_prefix: '/v1/', inject_headers: false, tokenizer: 'claude' },
    { host: 'claude.ai', path_prefix: '/', inject_headers: false, tokenizer: 'claude' },
    {
      host: 'generativelanguage.googleapis.com',
      path_prefix: '/',
      inject_headers: false,
      tokenizer: 'approx',
    },
  ],
};

/** Optional metering of the calls that tasks make to language models. */
export const METERING_OPTIONS = [
  {
    key: 'agent.snug.enabled',
    type: 'boolean',
    shipped: false,
    variables: ['CLEARML_AGENT_SNUG_ENABLED'],
    help: 'Meter the calls of tasks to language models.',
    ignored: NO_METERING,
  },
  {
    key: 'agent.snug.app_mode',
    type: 'text',
    shipped: '',
    variables: ['CLEARML_AGENT_SNUG_APP_MODE'],
    help: 'Profile of the desktop application that is metered.',
    ignored: NO_METERING,
  },
  {
    key: 'agent.snug.report_usage_events',
    type: 'boolean',
    shipped: false,
    variables: ['CLEARML_AGENT_SNUG_REPORT_USAGE_EVENTS'],
    help: 'Report usage to the server.',
    ignored: NO_METERING,
  },
  {
    key: 'agent.snug.report_task_metrics',
    type: 'boolean',
    shipped: false,
    variables: ['CLEARML_AGENT_SNUG_REPORT_TASK_METRICS'],
    help: 'Report usage as scalars of the task.',
    ignored: NO_METERING,
  },
  {
    key: 'agent.snug.task_metrics_fields',
    type: 'list',
    shipped: [
      'tokens_in',
      'tokens_out',
      'cache_read_tokens',
      'cache_write_tokens',
      'requests',
      'latency_ms',
      'bytes_tx',
      'bytes_rx',
      'tool_calls',
      'tool_call_errors',
    ],
    help: 'What is reported for each call.',
    ignored: NO_METERING,
  },
  {
    key: 'agent.snug.whitelist',
    type: 'section',
    shipped: WHITELIST,
    help: 'Hosts that are metered; rules of the vaults come before those of files.',
    ignored: NO_METERING,
  },
  {
    key: 'agent.snug.call_history',
    type: 'text',
    shipped: 'off',
    variables: ['CLEARML_AGENT_SNUG_CALL_HISTORY'],
    help: 'Keep or print the last calls.',
    ignored: NO_METERING,
  },
  {
    key: 'agent.snug.call_history_buffer',
    type: 'integer',
    shipped: 50,
    help: 'How many calls are kept.',
    ignored: NO_METERING,
  },
  {
    key: 'agent.snug.call_history_cap_bytes',
    type: 'integer',
    shipped: 262144,
    help: 'Bytes kept of each call and direction.',
    ignored: NO_METERING,
  },
  {
    key: 'agent.snug.poll_interval_sec',
    type: 'integer',
    shipped: 10,
    help: 'Seconds between looks at the settings of the task.',
    ignored: NO_METERING,
  },
  {
    key: 'agent.snug.default_tokenizer',
    type: 'text',
    shipped: 'approx',
    help: 'How tokens are estimated.',
    ignored: NO_METERING,
  },
  {
    key: 'agent.snug.debug_log',
    type: 'boolean',
    shipped: false,
    help: 'Log more of the metering.',
    ignored: NO_METERING,
  },
  {
    key: 'agent.snug.aggregator_url',
    type: 'text',
    shipped: null,
    help: 'Address that usage is forwarded to.',
    ignored: NO_METERING,
  },
] as const satisfies readonly Option[];
