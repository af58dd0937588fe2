import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { SpoolFollower } from '../../logs/follow-spool.js';
import { visibleText } from '../../logs/visible-text.js';
import { stateFolder } from '../../os/paths.js';
import type { CommandContext } from '../command.js';
import { requireReadable } from '../running-daemons.js';
import { runsOnDisk, standingOf } from '../runs-on-disk.js';
import { meantTask } from '../task-argument.js';

const LOOK_MS = 100;
/** The journal and the locks are read less often than the log. */
const STANDING_MS = 1000;

/** `agent logs`: what this machine has of a task's log, which needs no server and no daemon. */
export async function runLogs(context: CommandContext): Promise<number> {
  const { stderr, options, positionals } = context;
  const state = stateFolder(context.env, context.home);
  await requireReadable(state);
  const { worker, follow } = options;
  const runs = (await runsOnDisk(state)).filter((run) => worker === undefined || run.worker === worker);
  const run = meantTask(positionals[0] ?? '', runs, 'has a log on this machine');
  const note = (text: string) => void stderr.write(`[agent logs] ${text}\n`);
  const log = new SpoolFollower(run.folder);
  const state_ = { begun: false };
  const print = async () => {
    for (let records = await log.more(); records.length > 0; records = await log.more()) {
      if (!state_.begun && log.missing > 0)
        note(`earlier lines (${log.missing} bytes) are on the server alone`);
      state_.begun = true;
      for (const { text } of records) context.stdout.write(shown(text));
    }
  };
  try {
    await print();
    if (follow === true) await followTo({ folder: run.folder, print, note, worker: run.worker });
    return 0;
  } finally {
    await log.close();
  }
}

interface Following {
  folder: string;
  worker: string;
  print(): Promise<void>;
  note(text: string): void;
}

/** Prints until the run is over; while no agent looks after it, a later one may resume it. */
async function followTo({ folder, worker, print, note }: Following): Promise<void> {
  let left = false;
  for (let asked = Number.NEGATIVE_INFINITY; ; await sleep(LOOK_MS)) {
    const due = performance.now() - asked >= STANDING_MS;
    const standing = due ? await standingOf(folder) : undefined;
    if (due) asked = performance.now();
    // After the standing: what the log had by then is printed.
    await print();
    if (standing === 'ended' || standing === 'gone') return;
    if (standing === 'left' && !left)
      note(`the agent of ${worker} has ended; the next one resumes the task, Ctrl-C ends this wait`);
    if (standing !== undefined) left = standing === 'left';
  }
}

/** Progress bars write over their line; here each state is a line. */
function shown(text: string): string {
  return visibleText(stripVTControlCharacters(text).replace(/\r+(?!\n)/g, '\n'));
}
