import { isOpenAs, rotatingLog } from '../../os/rotating-log.js';
import type { CommandContext } from '../command.js';

/** Tells a process in the background which file its output goes to. */
export const LOG_VARIABLE = 'CLEARML_AGENT_LOG_FILE';

/** The log of a process in the background rotates, and what it starts knows nothing of the file. */
export function withOwnLog(context: CommandContext): {
  context: CommandContext;
  logFile: string | undefined;
} {
  const { [LOG_VARIABLE]: logFile, ...env } = context.env;
  if (logFile === undefined || !isOpenAs(STDOUT, logFile)) {
    return { context: { ...context, env }, logFile: undefined };
  }
  return { context: { ...context, env, stdout: rotatingLog(context.stdout, logFile) }, logFile };
}

const STDOUT = 1;
