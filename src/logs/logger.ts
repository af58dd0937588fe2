import type { Redactor } from '../secrets/redactor.js';
import type { LogLevel } from './reporter.js';
import { visibleLines } from './visible-text.js';

/** What the agent says on its own output. */
export interface AgentLogger {
  debug(text: string): void;
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
  /** A piece of a task's log as it is: several lines, or a part of one. */
  echo(text: string): void;
}

export interface LoggerOptions {
  stream: NodeJS.WritableStream & { isTTY?: boolean };
  redactor: Redactor;
  /** Messages below it are left out. */
  level?: LogLevel;
  now?: () => Date;
}

const RANKS: Readonly<Record<LogLevel, number>> = { DEBUG: 0, INFO: 1, WARNING: 2, ERROR: 3 };
const COLOURS: Readonly<Partial<Record<LogLevel, string>>> = { WARNING: '\u001b[33m', ERROR: '\u001b[31m' };
const NO_COLOUR = '\u001b[0m';

/**
 * Writes plain text lines: to a terminal the message alone, in colour from WARNING on; elsewhere with time and
 * level. An output whose reader went away is no reason to stop.
 */
export function createLogger({
  stream,
  redactor,
  level = 'INFO',
  now = () => new Date(),
}: LoggerOptions): AgentLogger {
  const reader = { gone: false, midLine: false };
  stream.on('error', () => {
    reader.gone = true;
  });
  const write = (text: string) => {
    if (reader.gone || text === '') return;
    reader.midLine = !text.endsWith('\n');
    stream.write(text);
  };
  const say = (rank: LogLevel) => (text: string) => {
    if (RANKS[rank] < RANKS[level]) return;
    const shown = visibleLines(redactor.redact(text));
    const line = stream.isTTY ? paint(shown, rank) : `${now().toISOString()} ${rank.padEnd(7)} ${shown}`;
    write(`${reader.midLine ? '\n' : ''}${line}\n`);
  };
  return {
    debug: say('DEBUG'),
    info: say('INFO'),
    warn: say('WARNING'),
    error: say('ERROR'),
    echo: (text) => write(redactor.redact(text)),
  };
}

function paint(text: string, level: LogLevel): string {
  const colour = COLOURS[level];
  return colour === undefined ? text : `${colour}${text}${NO_COLOUR}`;
}
