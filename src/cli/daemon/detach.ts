import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../config/config.js';
import { startInBackground } from '../../os/daemonize.js';
import { ensureFolder } from '../../os/files.js';
import { fileNameOf, stateFolder } from '../../os/paths.js';
import { pruneLogs } from '../../os/rotating-log.js';
import { livingDaemons } from '../../runs/registry.js';
import { type CommandContext, warnerOf } from '../command.js';
import { identityOf } from '../identity.js';
import { configFlags, requireReady, sessionConfig } from '../session.js';
import { LOG_VARIABLE } from './own-log.js';

/** An unreachable server can keep a daemon from becoming ready. The daemon retries after this command has returned. */
const READY_MS = 20_000;

/** Logs of daemons that have ended stay for a look at them. */
const OLD_LOGS = { pattern: /-[0-9a-f]{10}-\d{17}\.log$/, keep: 5, minAgeMs: 86_400_000 };

const SCRIPT = fileURLToPath(new URL('../../../bin/agent.js', import.meta.url));

/** `agent daemon --detached`: the same command in the background. */
export async function startDetached(context: CommandContext): Promise<number> {
  const config = sessionConfig(context, configFlags(context.options));
  requireReady(config);
  const logFile = await newLogFile(context, config);
  const words = context.words.filter((word) => word !== '-d' && !isDetached(word));
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
    env: { ...context.env, [LOG_VARIABLE]: logFile },
    timeoutMs: READY_MS,
  });
  const doing = ready ? 'is running' : 'has started and is still waiting for the server';
  context.stdout.write(`The daemon ${doing} in the background, process ${pid}, writing to ${logFile}\n`);
  return 0;
}

/** The flag, or an unambiguous beginning of it. */
function isDetached(word: string): boolean {
  return word.length >= '--d'.length + 1 && '--detached'.startsWith(word);
}

/** A name that no other daemon has; what daemons left here long ago is cleared away. */
async function newLogFile(context: CommandContext, config: Config): Promise<string> {
  const { id, name } = identityOf(context, config);
  const state = stateFolder(context.env, context.home);
  const chosen = config.variable('CLEARML_AGENT_TEMP_STDOUT_FILE_DIR');
  const folder = path.resolve(chosen ?? path.join(state, 'logs'));
  await ensureFolder(folder);
  const inUse = (await livingDaemons(state, warnerOf(context))).flatMap((daemon) => daemon.logFile ?? []);
  pruneLogs({ folder, inUse, ...OLD_LOGS });
  const now = new Date().toISOString().replace(/\D/g, '');
  return path.join(folder, `${fileNameOf(id ?? name)}-${now}.log`);
}
