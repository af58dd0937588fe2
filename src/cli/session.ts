import type { Config, ConfigTree } from '../config/config.js';
import { loadConfig } from '../config/load.js';
import { requireValid } from '../config/validate.js';
import type { TaskOptions } from '../daemon/worker.js';
import { AgentError } from '../errors.js';
import type { CommandContext } from './command.js';

/** The configuration that a command's flags and global options lead to. */
export function sessionConfig(context: CommandContext, flags: ConfigTree = {}): Config {
  const { configFile, debug } = context.global;
  const config = loadConfig({
    env: context.env,
    home: context.home,
    ...(configFile ? { configFile } : {}),
    flags: debug ? { ...flags, agent: { ...section(flags.agent), debug: true } } : flags,
  });
  if (config.flag('CLEARML_AGENT_CONFIG_VERBOSE')) {
    for (const file of config.filesRead) context.stderr.write(`configuration read from ${file}\n`);
  }
  return config;
}

function section(value: ConfigTree[string] | undefined): ConfigTree {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

/** Flags that are configuration by another name. */
export function configFlags(options: CommandContext['options']): ConfigTree {
  const agent: ConfigTree = {};
  if (typeof options.gitUser === 'string') agent.git_user = options.gitUser;
  if (typeof options.gitPass === 'string') agent.git_pass = options.gitPass;
  if (options.userFairness === true) agent.user_fairness = true;
  return Object.keys(agent).length > 0 ? { agent } : {};
}

/**
 * Stops before the server is asked for anything when the configuration cannot be worked with.
 *
 * @throws AgentError CONFIG_VALUE for a value of the wrong type, CONFIG_MISSING without a server
 */
export function requireReady(config: Config): void {
  requireValid(config, () => undefined);
  requireServer(config);
}

/** @throws AgentError CONFIG_MISSING when there is no server to talk to */
export function requireServer(config: Config): void {
  const missing = [
    config.api.apiServer ? undefined : 'the API server (api.api_server, CLEARML_API_HOST)',
    hasCredentials(config)
      ? undefined
      : 'credentials (api.credentials, CLEARML_API_ACCESS_KEY and …_SECRET_KEY)',
  ].filter((text) => text !== undefined);
  if (missing.length === 0) return;
  throw new AgentError('CONFIG_MISSING', `not configured: ${missing.join(' and ')}`, {
    hint: 'Write ~/clearml.conf with "agent init", or try everything without a server with "agent demo".',
    // A file that was named but is not there is the likely cause.
    detail: [...config.filesRead.map((file) => `Read: ${file}`), ...config.warnings].join('\n'),
  });
}

function hasCredentials(config: Config): boolean {
  if (config.variable('CLEARML_AUTH_TOKEN')) return true;
  return Boolean(config.api.credentials.accessKey && config.api.credentials.secretKey);
}

export function textList(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

/** Flags that change how tasks run; the same for daemon and execute. */
export function taskOptions({ options, words }: CommandContext): TaskOptions {
  return {
    standalone: options.standaloneMode === true,
    logLevel: typeof options.logLevel === 'string' ? options.logLevel : 'INFO',
    pythonFlags: optimization(words),
  };
}

/** `-O -O` and `-OO` are the same to Python. */
function optimization(words: readonly string[]): string[] {
  const level = words
    .filter((word) => /^-O+$/.test(word))
    .join('')
    .replaceAll('-', '').length;
  return level > 0 ? [`-${'O'.repeat(level)}`] : [];
}
