import { visibleJson } from '../../logs/visible-text.js';
import type { CommandContext } from '../command.js';
import { chosenDaemons } from '../running-daemons.js';
import { readDaemon } from './reading.js';
import { renderTop } from './render.js';
import { watchOnTerminal } from './watch.js';

/** Where the width is not known, as in a pipe. */
const COLUMNS = 120;

/** `agent top`: a live view on a terminal, else one table. */
export async function runTop(context: CommandContext): Promise<number> {
  const { stdout, stdin, options } = context;
  const { state, daemons } = await chosenDaemons(context, false);
  const [daemon] = daemons;
  if (daemon === undefined) return 1;
  // Before the screen is taken over: what cannot be shown at all is an ordinary error.
  const first = await readDaemon(state, daemon);
  if (options.json === true) stdout.write(`${visibleJson(first)}\n`);
  else if (stdout.isTTY !== true) stdout.write(`${renderTop(first, { columns: COLUMNS }).join('\n')}\n`);
  else
    return watchOnTerminal({
      state,
      daemon,
      first,
      stdin,
      stdout: process.stdout,
      signals: process,
    });
  return 0;
}
