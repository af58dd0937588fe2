import type { Place, PlaceCommand } from '../../drivers/driver.js';
import { causeLine } from '../../errors.js';
import { LONGEST_TIMER_MS } from '../../os/longest-timer.js';
import type { TaskRun } from '../task-run.js';

/** A task's command, where it runs. */
export interface LaunchedCommand {
  place: Place;
  command: PlaceCommand;
}

const COMMAND = 'CLEARML_AGENT_ABORT_CALLBACK_CMD';
const TIMEOUT = 'CLEARML_AGENT_ABORT_CALLBACK_TIMEOUT';
const TIMEOUT_SECONDS = 180;

/**
 * Runs the user's own command for an abort, if there is one, beside the task that is about to be ended: in its
 * folder, with its environment. What it prints goes to the task's log; however it ends, the abort continues.
 */
export async function runAbortCommand(run: TaskRun, { place, command }: LaunchedCommand): Promise<void> {
  const { cwd, env = {} } = command;
  const text = env[COMMAND]?.trim();
  if (!text) return;
  const most = run.ctx.config.agent.abortCallbackMaxTimeout;
  const seconds = Math.min(Number(env[TIMEOUT]) > 0 ? Number(env[TIMEOUT]) : TIMEOUT_SECONDS, most);
  run.log.line(`### Running the abort command, at most ${seconds} seconds: ${text} ###`, 'INFO');
  try {
    const { exitCode } = await place.exec(
      { argv: ['/bin/sh', '-c', text], env, ...(cwd === undefined ? {} : { cwd }) },
      {
        onOutput: (chunk) => run.log.output(chunk),
        signal: run.signals.stop,
        callsServer: true,
        timeoutMs: Math.min(seconds * 1000, LONGEST_TIMER_MS),
      },
    );
    run.log.line(
      `### The abort command ended with status ${exitCode} ###`,
      exitCode === 0 ? 'INFO' : 'WARNING',
    );
  } catch (error) {
    run.log.line(`### The abort command did not end by itself: ${causeLine(error)} ###`, 'WARNING');
  }
}
