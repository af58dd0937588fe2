import { diskFull } from '../os/files.js';
import type { Redactor } from '../secrets/redactor.js';
import { jsonLine, type LogFacts, type LogFormat, textLine } from './log-format.js';
import type { LogLevel } from './reporter.js';

/** What the agent says on its own output. */
export interface AgentLogger {
  debug(text: string): void;
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
  /** A piece of a task's log as it is: several lines, or a part of one. */
  echo(text: string): void;
  /** The same log, with these facts on each line. */
  child(facts: ChildFacts): AgentLogger;
}

export interface ChildFacts extends LogFacts {
  /** Leave the task's console out. */
  silent?: boolean;
}

export interface LoggerOptions {
  stream: NodeJS.WritableStream & { isTTY?: boolean };
  redactor: Redactor;
  /** Messages below it are left out. */
  level?: LogLevel;
  format?: LogFormat;
  facts?: LogFacts;
  /** Gets the console of tasks, too. */
  copy?: (text: string) => void;
  now?: () => Date;
}

const RANKS: Readonly<Record<LogLevel, number>> = { DEBUG: 0, INFO: 1, WARNING: 2, ERROR: 3 };

/** A line of a console without an end is written in pieces of this many characters. */
const LONGEST_LINE = 64 * 1024;

/** The agent's own log, as text or as JSON lines. Errors of the output do not stop the agent. */
export function createLogger(options: LoggerOptions): AgentLogger {
  const { stream, facts = {} } = options;
  const reader = { gone: false, midLine: false };
  stream.on('error', (error) => {
    // A full disk may get space again; a reader that went away does not come back.
    if (!diskFull(error)) reader.gone = true;
  });
  const write = (text: string) => {
    if (reader.gone || text === '') return;
    reader.midLine = !text.endsWith('\n');
    stream.write(text);
  };
  const output = { write, isMidLine: () => reader.midLine };
  return voice(options, output, facts);
}

interface Output {
  write(text: string): void;
  /** What was written last is a line without an end. */
  isMidLine(): boolean;
}

function voice(options: LoggerOptions, output: Output, { silent, ...facts }: ChildFacts): AgentLogger {
  const { redactor, level: least = 'INFO', format = 'text', now = () => new Date() } = options;
  const { isTTY = false } = options.stream;
  const lines = new ConsoleLines((message) => {
    output.write(`${jsonLine({ time: now(), level: 'INFO', ...facts, message, isConsole: true })}\n`);
  });
  const say = (level: LogLevel) => (text: string) => {
    if (RANKS[level] < RANKS[least]) return;
    const record = { time: now(), level, ...facts, message: redactor.redact(text) };
    if (format === 'text')
      return output.write(`${output.isMidLine() ? '\n' : ''}${textLine(record, isTTY)}\n`);
    lines.end();
    output.write(`${jsonLine(record)}\n`);
  };
  const show = (text: string) => {
    if (format === 'text') output.write(redactor.redact(text));
    else lines.push(redactor.redact(text));
  };
  return {
    debug: say('DEBUG'),
    info: say('INFO'),
    warn: say('WARNING'),
    error: say('ERROR'),
    echo: (text) => {
      if (silent) return;
      show(text);
      options.copy?.(text);
    },
    child: (more) => voice(options, output, { silent: silent ?? false, ...facts, ...more }),
  };
}

/** Whole lines of a console that comes in pieces. */
class ConsoleLines {
  readonly #take: (line: string) => void;
  #rest = '';

  constructor(take: (line: string) => void) {
    this.#take = take;
  }

  push(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#take(line);
    if (this.#rest.length > LONGEST_LINE) this.end();
  }

  end(): void {
    if (this.#rest !== '') this.#take(this.#rest);
    this.#rest = '';
  }
}
