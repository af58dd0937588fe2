import { setTimeout as sleep } from 'node:timers/promises';
import type { WriteStream } from 'node:tty';
import { causeLine } from '../../errors.js';
import type { RegisteredDaemon } from '../../runs/registry.js';
import type { CommandContext } from '../command.js';
import { cutTo, plain } from './cells.js';
import { type Reading, readDaemon } from './reading.js';
import { renderTop } from './render.js';

export interface WatchOptions {
  state: string;
  daemon: RegisteredDaemon;
  first: Reading;
  stdin: CommandContext['stdin'] & { setRawMode?: (raw: boolean) => unknown };
  stdout: WriteStream;
  signals: NodeJS.EventEmitter;
}

const READ_MS = 1000;
/** At most four redraws a second, however fast a window is resized. */
const REDRAW_MS = 250;

/** Screen of its own, without cursor and without wrapping; and back. */
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

const ENDS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** What q, Q, Ctrl-C and Ctrl-D send. */
const QUIT = /[qQ\u0003\u0004]/;

/** Shows readings until the user ends it. The terminal is as before on every exit that a process can see. */
export async function watchOnTerminal(options: WatchOptions): Promise<number> {
  const { stdin, stdout, signals } = options;
  const over = new AbortController();
  const end = () => over.abort();
  const restore = () => {
    stdin.setRawMode?.(false);
    stdout.write(LEAVE);
  };
  const onKey = (keys: Buffer) => {
    if (QUIT.test(keys.toString('latin1'))) end();
  };
  process.once('exit', restore);
  for (const signal of ENDS) signals.once(signal, end);
  stdout.on('error', end);
  stdin.setRawMode?.(true);
  stdin.on('data', onKey);
  stdin.on('end', end);
  stdin.resume();
  stdout.write(ENTER);
  try {
    await show(options, over.signal);
    return 0;
  } finally {
    stdin.off('data', onKey);
    stdin.pause();
    for (const signal of ENDS) signals.off(signal, end);
    process.off('exit', restore);
    restore();
  }
}

async function show({ state, daemon, first, stdout }: WatchOptions, signal: AbortSignal): Promise<void> {
  const seen: { reading: Reading; problem?: string; waiting?: NodeJS.Timeout } = { reading: first };
  const draw = () => {
    delete seen.waiting;
    // A terminal that does not know its size says 0.
    const columns = stdout.columns || 80;
    const rows = stdout.rows || 24;
    const room = Math.max(1, rows - 1);
    const lines = renderTop(seen.reading, { columns, rows: seen.problem === undefined ? room : room - 1 });
    const foot = cutTo(seen.problem ?? 'q quits', columns);
    const text = [...lines, foot].map((line) => `${line}${CLEAR_LINE}`).join('\r\n');
    stdout.write(`${HOME}${text}${CLEAR_BELOW}`);
  };
  const soon = () => {
    seen.waiting ??= setTimeout(draw, REDRAW_MS);
  };
  stdout.on('resize', soon);
  try {
    while (!signal.aborted) {
      soon();
      await sleep(READ_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) break;
      try {
        seen.reading = await readDaemon(state, daemon);
        delete seen.problem;
      } catch (error) {
        seen.problem = `${plain(causeLine(error))}; the last reading is shown`;
      }
    }
  } finally {
    stdout.off('resize', soon);
    clearTimeout(seen.waiting);
  }
}
