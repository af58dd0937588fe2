import { setTimeout as sleep } from 'node:timers/promises';
import type { RegisteredDaemon } from '../../runs/registry.js';
import type { CommandContext } from '../command.js';
import { ask, runningDaemons } from '../running-daemons.js';
import { meantTask } from '../task-argument.js';
import { readDaemon } from '../top/reading.js';

const LOOK_MS = 100;
/** For sending the rest of the log and the status, on top of the task's own grace. */
const REPORT_MS = 20_000;

/**
 * `agent stop`: ends one task; its daemon continues.
 *
 * @returns 1 where the task ends already, or is late
 */
export async function runStop(context: CommandContext): Promise<number> {
  const { options, positionals } = context;
  const say = (line: string) => void context.stdout.write(`${line}\n`);
  const { state, daemons } = await runningDaemons(context);
  const found = await Promise.all(
    daemons.map(async (daemon) => {
      const { runs } = await readDaemon(state, daemon);
      return runs.map(({ task, started }) => ({ task, started, daemon }));
    }),
  );
  const { task, started, daemon } = meantTask(positionals[0] ?? '', found.flat(), 'runs on this machine');
  const requeue = options.requeue === true;
  const cause = `agent stop${requeue ? ' --requeue' : ''}`;
  const { taken, status } = await ask(state, daemon, { command: 'stop-task', task, cause, requeue });
  if (!taken) {
    say(`task ${task} of ${daemon.workerId} ends already`);
    return 1;
  }
  say(`Stopping task ${task} of ${daemon.workerId}${requeue ? ', which goes back to its queue' : ''}`);
  if (options.wait === false) return 0;
  if (await endedWithin({ state, daemon, task, started, waitMs: status.graceMs + REPORT_MS })) {
    say(`task ${task} ${requeue ? 'is stopped and back in its queue' : 'is stopped'}`);
    return 0;
  }
  say(`task ${task} has not ended yet; "agent tasks" shows its phase`);
  return 1;
}

interface StoppedTask {
  state: string;
  daemon: RegisteredDaemon;
  task: string;
  /** Of the run: the daemon may have pulled a task again that went back to its queue. */
  started: number;
  waitMs: number;
}

async function endedWithin({ state, daemon, task, started, waitMs }: StoppedTask): Promise<boolean> {
  const begun = performance.now();
  while (performance.now() - begun < waitMs) {
    const { runs } = await readDaemon(state, daemon);
    if (!runs.some((run) => run.task === task && run.started === started)) return true;
    await sleep(LOOK_MS);
  }
  return false;
}
