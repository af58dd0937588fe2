import type { LogLevel } from './reporter.js';
import { visibleJson, visibleLines } from './visible-text.js';

export const LOG_FORMATS = ['text', 'json'] as const;

/** `agent.log_format` */
export type LogFormat = (typeof LOG_FORMATS)[number];

/** What a line of the agent's own log says besides its message. */
export interface LogFacts {
  worker?: string;
  /** The task that the line belongs to. */
  task?: string;
}

export interface LogRecord extends LogFacts {
  time: Date;
  level: LogLevel;
  message: string;
  /** The line is of the task's console. */
  isConsole?: boolean;
}

/** Messages about a task begin with it, whoever writes them. */
const ABOUT_TASK = /^task (\S{1,64}): /;

const COLOURS: Readonly<Partial<Record<LogLevel, string>>> = { WARNING: '\u001b[33m', ERROR: '\u001b[31m' };
const NO_COLOUR = '\u001b[0m';

/** A line for a person: on a terminal the message alone, in colour from WARNING on; elsewhere with time and level. */
export function textLine({ time, level, task, message }: LogRecord, onTerminal: boolean): string {
  const shown = visibleLines(
    task === undefined || message.includes(task) ? message : `task ${task}: ${message}`,
  );
  if (!onTerminal) return `${time.toISOString()} ${level.padEnd(7)} ${shown}`;
  const colour = COLOURS[level];
  return colour === undefined ? shown : `${colour}${shown}${NO_COLOUR}`;
}

/** A line for a program: one JSON object, whatever line ends the message has. */
export function jsonLine({ time, level, worker, task, message, isConsole = false }: LogRecord): string {
  const about = ABOUT_TASK.exec(message);
  const own = task ?? about?.[1];
  const isPrefixed = !isConsole && about !== null && about[1] === own;
  const line = {
    time: time.toISOString(),
    level,
    ...(worker === undefined ? {} : { worker }),
    ...(own === undefined || (isConsole && task === undefined) ? {} : { task: own }),
    ...(isConsole ? { source: 'task' } : {}),
    message: isPrefixed ? message.slice(about[0].length) : message,
  };
  return visibleJson(line, 0);
}
