import vm from 'node:vm';

/** Milliseconds that a pattern may take for one text. */
const LIMIT_MS = 100;

/** A pattern that used at least this part of the time was busy itself; one that did not is tried again. */
const BUSY_PART = 0.5;
const MOST_TRIES = 10;

const EXEC = new vm.Script('pattern.exec(text)');

/** A pattern took too long for a text: its alternatives multiply there. */
export class SlowPatternError extends Error {
  constructor(readonly source: string) {
    super(`the pattern "${source}" takes more than ${LIMIT_MS} ms for a text of the task`);
  }
}

/**
 * A pattern of the administrator's that is held against text of strangers. JavaScript's patterns can take exponential time;
 * V8 ends them when the limit is over, whatever they use (lookaround and back-references included).
 */
export class BoundedPattern {
  readonly source: string;
  readonly #context: vm.Context;

  /** @throws SyntaxError for a text that is no pattern */
  constructor(source: string, flags = '') {
    this.source = source;
    this.#context = vm.createContext({ pattern: new RegExp(source, flags), text: '' });
  }

  /** @throws SlowPatternError */
  exec(text: string): RegExpExecArray | null {
    this.#context.text = text;
    for (let tries = 1; ; tries += 1) {
      const before = process.cpuUsage();
      try {
        return EXEC.runInContext(this.#context, { timeout: LIMIT_MS }) as RegExpExecArray | null;
      } catch (error) {
        if (!isTimeout(error)) throw error;
        // V8 limits the time on the clock, which passes also while a busy machine runs other processes.
        const { user, system } = process.cpuUsage(before);
        if (tries === MOST_TRIES || user + system > BUSY_PART * LIMIT_MS * 1000)
          throw new SlowPatternError(this.source);
      }
    }
  }

  test(text: string): boolean {
    return this.exec(text) !== null;
  }
}

/** The error belongs to the context of the script, so it is no `Error` of ours. */
function isTimeout(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('code' in error)) return false;
  return error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}
