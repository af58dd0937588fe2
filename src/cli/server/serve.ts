import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { tellServiceManager } from '../../daemon/service-manager.js';
import { causeLine, systemCode } from '../../errors.js';
import { startMetricsServer } from '../../monitor/metrics-server.js';
import type { ServerConfig } from '../../server/config/server-config.js';
import type { ServerLog } from '../../server/log.js';
import { type EmbeddedServer, serverConfText, startServer } from '../../server/server.js';
import type { CommandContext } from '../command.js';
import { openPage } from '../open-page.js';
import { VERSION } from '../version.js';
import { configOf } from './server-config.js';
import { type LogFile, serverLog } from './server-log.js';
import { serverOptions } from './server-options.js';

/** `agent server`: runs until it is stopped. @throws AgentError CONFIG_VALUE, and those of `startServer` */
export async function serve(context: CommandContext, folder: string): Promise<number> {
  const { stdout, env } = context;
  const config = configOf(context);
  const log = serverLog(stdout, logFile(config));
  for (const notice of config.notices) log.info(notice);
  const server = await startServer({
    folder,
    config,
    ...serverOptions(config),
    agentVersion: VERSION,
    log,
    onFailure: (error, where) => log.error(`${where}: ${causeLine(error)}`),
  });
  try {
    const metrics = await openMetrics(config, server);
    stdout.write(`ClearML-compatible server on ${server.url}, data in ${folder}\n`);
    await showPage(context, server, log);
    stdout.write(`Credentials are in ${server.credentialsFile}.`);
    if (context.options.printConf === false) stdout.write('\n');
    else stdout.write(` The clearml.conf to use:\n\n${confText(server)}\n`);
    log.info(`listening: API ${server.url}, file server ${server.filesUrl}, page ${server.webUrl}`);
    if (metrics !== undefined) log.info(`listening: metrics ${metrics.url}`);
    await tellServiceManager(env);
    const signal = await stopSignal(server);
    log.info(`${signal}: the server stops`);
    await metrics?.close();
  } finally {
    await server.close();
  }
  return 0;
}

/** The address goes to the terminal alone: its token is no part of the log. */
async function showPage(
  { stdout, env, options }: CommandContext,
  { shown, folder, pageAddress }: EmbeddedServer,
  log: ServerLog,
): Promise<void> {
  const opens = options.open === true;
  // Whoever keeps the secret key out of the output keeps the token out of it, too.
  const address = options.printConf === false && !opens ? shown.web : pageAddress();
  const logsIn = address.includes('#')
    ? ' This address logs you in once; "agent server link" prints another:'
    : '';
  if (options.printConf === false)
    stdout.write(`The page is on ${shown.web}; "agent server link" prints an address that logs you in.\n`);
  else
    stdout.write(
      logsIn === ''
        ? `The page is on ${address}\n`
        : `The page is on ${shown.web}.${logsIn}\n\n  ${address}\n\n`,
    );
  const problem = opens ? await openPage({ address, folder, env }) : undefined;
  if (problem !== undefined) log.error(problem);
}

function logFile(config: ServerConfig): LogFile | undefined {
  const key = 'logging.handlers.text_file.filename';
  const named = config.get(key);
  if (named === undefined) return undefined;
  const file = path.resolve(named);
  const problem = writeProblem(file);
  if (problem !== undefined) throw config.problem(key, `cannot write ${file}: ${problem}`);
  const bytes = config.get('logging.handlers.text_file.maxBytes') || Infinity;
  return {
    file,
    limits: { bytes, files: 1 + config.get('logging.handlers.text_file.backupCount') },
  };
}

/** Why a file takes no lines; an empty one is there afterwards. */
function writeProblem(file: string): string | undefined {
  try {
    closeSync(openSync(file, 'a', 0o600));
    return undefined;
  } catch (error) {
    const code = systemCode(error) ?? '';
    if (code === 'ENOENT') return `there is no folder ${path.dirname(file)}`;
    return code === 'EISDIR' ? 'it is a folder' : causeLine(error);
  }
}

async function openMetrics(config: ServerConfig, server: EmbeddedServer) {
  const port = config.get('apiserver.metrics.port');
  if (port === undefined) return undefined;
  return startMetricsServer({
    host: config.get('apiserver.metrics.host'),
    port,
    key: 'apiserver.metrics.port',
    figures: async () => [],
    registry: server.figures,
    health: () => ({ ok: true }),
  });
}

/** With the addresses that users see. */
function confText({ shown, credentials }: EmbeddedServer): string {
  return serverConfText({ url: shown.api, filesUrl: shown.files, webUrl: shown.web, credentials });
}

/** Resolves when the server is to end; SIGHUP only reads the certificate again. */
function stopSignal(server: EmbeddedServer): Promise<string> {
  process.on('SIGHUP', () => void server.reloadTls());
  return new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
}
