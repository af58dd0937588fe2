/** Levels as they are stored with a log event: upper case, console output is DEBUG. */
export type LogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR';

/**
 * Where a step of a task says what it does. Lines reach the task's log on the server and the agent's own.
 * Implementations redact registered secrets, so a caller need not.
 */
export interface Reporter {
  /** One or more whole lines, without the last newline. */
  line(text: string, level?: LogLevel): void;
  /** Raw output of a program, in pieces cut anywhere. */
  output(chunk: string): void;
}
