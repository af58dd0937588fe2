import { isIP } from 'node:net';
import path from 'node:path';
import type { ServerConfig } from '../../server/config/server-config.js';
import type { ServerOptions } from '../../server/server.js';

type ConfiguredOptions = Omit<ServerOptions, 'folder' | 'log' | 'onFailure' | 'now'>;

/** What the configuration says about a server. @throws AgentError CONFIG_VALUE */
export function serverOptions(config: ServerConfig): ConfiguredOptions {
  requireEach(config, 'apiserver.cors.origins', isOrigin, '"*" or origins such as https://app.example.com');
  requireEach(config, 'apiserver.allowed_hosts', isHostName, 'names such as clearml.lan or .example.com');
  requireEach(config, 'apiserver.proxies.trusted', isNetwork, 'addresses and networks such as 10.0.0.0/8');
  return {
    host: config.get('apiserver.listen.ip'),
    port: port(config, 'apiserver.listen.port'),
    filesPort: port(config, 'fileserver.listen.port'),
    webPort: port(config, 'webserver.listen.port'),
    onePort: config.get('webserver.listen.one_port'),
    pathPrefix: pathPrefix(config),
    proxies: config.get('apiserver.proxies.trusted'),
    tls: tls(config),
    config,
    displayed: {
      ...displayed(config, 'web'),
      ...displayed(config, 'api'),
      ...displayed(config, 'files'),
    },
    watchdog: watchdog(config),
    retention: {
      logsMs: days(config, 'services.retention.logs_days'),
      metricsMs: days(config, 'services.retention.metrics_days'),
      tasksMs: days(config, 'services.retention.tasks_days'),
    },
  };
}

function port(
  config: ServerConfig,
  key: 'apiserver.listen.port' | 'fileserver.listen.port' | 'webserver.listen.port',
): number | undefined {
  const value = config.get(key);
  if (value !== undefined && value > 65_535)
    throw config.problem(key, `expected a port of at most 65535, found ${value}`);
  return value;
}

function pathPrefix(config: ServerConfig): string {
  const key = 'webserver.path_prefix';
  const prefix = (config.get(key) ?? '').replace(/\/+$/, '');
  if (prefix === '' || /^(?:\/[\w.~-]+)+$/.test(prefix)) return prefix;
  throw config.problem(key, `expected a path such as /clearml, found ${JSON.stringify(prefix)}`);
}

function requireEach(
  config: ServerConfig,
  key: 'apiserver.cors.origins' | 'apiserver.allowed_hosts' | 'apiserver.proxies.trusted',
  isValid: (text: string) => boolean,
  expected: string,
): void {
  const wrong = config.get(key).find((text) => !isValid(text));
  if (wrong !== undefined) throw config.problem(key, `expected ${expected}, found ${JSON.stringify(wrong)}`);
}

/** As browsers send them; "null" is that of a page without a server. */
function isOrigin(text: string): boolean {
  return text === '*' || text === 'null' || (URL.canParse(text) && new URL(text).origin === text);
}

/** Browsers may use any IP address, so a list of them is no mistake. */
function isHostName(text: string): boolean {
  return isIP(text) !== 0 || /^\.?[a-z\d_]([a-z\d_.-]*[a-z\d_])?$/i.test(text);
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const most = isIP(address) === 6 ? 128 : 32;
  const isMask = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
  return isIP(address) !== 0 && isMask && rest.length === 0;
}

function tls(config: ServerConfig): ServerOptions['tls'] {
  const cert = config.get('apiserver.tls.cert');
  const key = config.get('apiserver.tls.key');
  if (cert !== undefined && key !== undefined) return { cert: path.resolve(cert), key: path.resolve(key) };
  if (cert !== undefined)
    throw config.problem('apiserver.tls.cert', 'expected apiserver.tls.key (--tls-key) with it');
  if (key !== undefined)
    throw config.problem('apiserver.tls.key', 'expected apiserver.tls.cert (--tls-cert) with it');
  return undefined;
}

function displayed(config: ServerConfig, service: 'web' | 'api' | 'files'): ServerOptions['displayed'] {
  const key = `webserver.displayed_urls.${service}` as const;
  const value = config.get(key);
  if (value === undefined) return {};
  if (/^https?:\/\/[^\s"'<>\\]+$/i.test(value) && URL.canParse(value))
    return { [service]: value.replace(/\/+$/, '') };
  throw config.problem(
    key,
    `expected a URL such as https://${service}.example.com, found ${JSON.stringify(value)}`,
  );
}

function watchdog(config: ServerConfig): ServerOptions['watchdog'] {
  const section = 'services.tasks.non_responsive_tasks_watchdog';
  return {
    everyMs: 1000 * config.get(`${section}.watch_interval_sec`),
    silentMs: config.get(`${section}.enabled`) ? 1000 * config.get(`${section}.threshold_sec`) : Infinity,
  };
}

const DAY_MS = 86_400_000;

function days(
  config: ServerConfig,
  key: 'services.retention.logs_days' | 'services.retention.metrics_days' | 'services.retention.tasks_days',
): number | undefined {
  const value = config.get(key);
  return value === undefined ? undefined : value * DAY_MS;
}
