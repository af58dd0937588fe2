import { loadServerConfig } from '../../server/config/load-config.js';
import type { ServerConfig } from '../../server/config/server-config.js';
import type { CommandContext } from '../command.js';

/** The server's configuration, flags above all. @throws AgentError CONFIG_FILE, CONFIG_SYNTAX, CONFIG_VALUE */
export function configOf({ env, options }: CommandContext): ServerConfig {
  const {
    host,
    port,
    onePort,
    pathPrefix,
    tlsCert,
    tlsKey,
    metricsPort,
    logFile: file,
  } = options as Record<string, string | number | boolean | undefined>;
  return loadServerConfig({
    env,
    flags: {
      'apiserver.listen.ip': host,
      'apiserver.listen.port': port,
      'webserver.listen.one_port': onePort,
      'webserver.path_prefix': pathPrefix,
      'apiserver.tls.cert': tlsCert,
      'apiserver.tls.key': tlsKey,
      'apiserver.metrics.port': metricsPort,
      'logging.handlers.text_file.filename': file,
    },
  });
}
