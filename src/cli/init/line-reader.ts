import { createInterface, type Interface } from 'node:readline';
import { Cancelled } from './asker.js';

export interface LineReaderOptions {
  input: NodeJS.ReadableStream;
  /** Given for a terminal: what is typed is echoed there. */
  terminal?: NodeJS.WritableStream;
}

/** Lines of an input, one at a time; those that come early wait. */
export class LineReader {
  readonly #interface: Interface;
  readonly #lines: string[] = [];
  #ended = false;
  #cancelled = false;
  #wake: () => void = () => undefined;

  constructor({ input, terminal }: LineReaderOptions) {
    this.#interface = createInterface({
      input,
      ...(terminal === undefined ? { terminal: false } : { output: terminal, terminal: true, prompt: '' }),
    });
    this.#interface.on('line', (line) => {
      this.#lines.push(line);
      this.#wake();
    });
    this.#interface.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
    this.#interface.on('SIGINT', () => {
      this.#cancelled = true;
      this.#wake();
    });
  }

  /**
   * The next line; `undefined` at the end of the input, or when none comes for `withinMs`.
   *
   * @throws Cancelled
   */
  async next(withinMs?: number): Promise<string | undefined> {
    const deadline = withinMs === undefined ? undefined : Date.now() + withinMs;
    while (this.#lines.length === 0) {
      if (this.#cancelled) throw new Cancelled();
      const left = deadline === undefined ? undefined : deadline - Date.now();
      if (this.#ended || (left !== undefined && left <= 0)) return undefined;
      await new Promise<void>((resolve) => {
        const timer = left === undefined ? undefined : setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#lines.shift();
  }

  close(): void {
    this.#interface.close();
  }
}
