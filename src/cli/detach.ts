import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startInBackground } from '../os/daemonize.js';
import { fileNameOf, stateFolder } from '../os/paths.js';
import type { CommandContext } from './command.js';
import { identityOf } from './identity.js';
import { configFlags, requireServer, sessionConfig } from './session.js';

/** A server that is away may keep a daemon from being ready; it goes on trying behind this command's back. */
const READY_MS = 20_000;

const SCRIPT = fileURLToPath(new URL('../../bin/agent.js', import.meta.url));

/** `agent daemon --detached`: the same command in the background. */
export async function startDetached(context: CommandContext): Promise<number> {
  const config = sessionConfig(context, configFlags(context.options));
  requireServer(config);
  const identity = identityOf(context, config);
  const name = `${fileNameOf(identity.id ?? identity.name)}-${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}`;
  const logFile = path.join(stateFolder(context.env, context.home), 'logs', `${name}.log`);
  const words = context.words.filter((word) => word !== '-d' && word !== '--detached');
  const { configFile, debug } = context.global;
  const { pid, ready } = await startInBackground({
    argv: [
      SCRIPT,
      ...(debug ? ['--debug'] : []),
      ...(configFile ? ['--config-file', configFile] : []),
      'daemon',
      '--foreground',
      ...words,
    ],
    logFile,
    env: { ...context.env, CLEARML_AGENT_LOG_FILE: logFile },
    timeoutMs: READY_MS,
  });
  const state = ready ? 'is running' : 'has started and is still waiting for the server';
  context.stdout.write(`The daemon ${state} in the background, process ${pid}, writing to ${logFile}\n`);
  return 0;
}
