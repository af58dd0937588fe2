import type { Readable, Writable } from 'node:stream';
import { isCancel, password, select, text } from '@clack/prompts';
import { type Asker, Cancelled, type ChoiceQuestion, type TextQuestion } from './asker.js';
import { LineReader } from './line-reader.js';
import { isWholeBlock } from './pasted-credentials.js';

export interface TerminalStreams {
  input: Readable;
  output: Writable;
}

/** A paste arrives in one go; what comes within this time after its end belongs to it. */
const PASTE_GAP_MS = 200;

/** Asks with prompts on a terminal. Ctrl-C at any of them throws `Cancelled`. */
export class TerminalAsker implements Asker {
  readonly interactive = true;
  readonly #streams: TerminalStreams;

  constructor(streams: TerminalStreams) {
    this.#streams = streams;
  }

  say(line: string): void {
    this.#streams.output.write(`${line}\n`);
  }

  /** Read line by line, because a prompt would take the second line of a paste for the next answer. */
  async paste(message: string): Promise<string> {
    // The reader first: a Ctrl-C before it would end the program and not say what was written.
    const reader = new LineReader({ input: this.#streams.input, terminal: this.#streams.output });
    this.say(message);
    const lines: string[] = [];
    try {
      for (let whole = false; ; whole ||= isWholeBlock(lines)) {
        const line = await reader.next(whole ? PASTE_GAP_MS : undefined);
        if (line === undefined) break;
        lines.push(line);
      }
    } finally {
      reader.close();
    }
    return lines.join('\n');
  }

  async text({ message, initial, secret, check }: TextQuestion): Promise<string> {
    const validate = (value: string | undefined) => {
      const answer = value?.trim() ?? '';
      if (answer === '' && initial === undefined) return 'An answer is needed.';
      return check?.(answer || (initial ?? ''));
    };
    const streams = this.#streams;
    const answer = secret
      ? await password({ message, validate, ...streams })
      : await text({ message, validate, ...(initial ? { initialValue: initial } : {}), ...streams });
    return settled(answer)?.trim() || (initial ?? '');
  }

  async choose<T extends string>({ message, options }: ChoiceQuestion<T>): Promise<T> {
    const answer = await select<string>({
      message,
      options: options.map(({ value, label }) => ({ value, label })),
      ...this.#streams,
    });
    const chosen = options.find(({ value }) => value === settled(answer));
    if (chosen === undefined) throw new Cancelled();
    return chosen.value;
  }

  close(): void {
    this.#streams.input.pause();
  }
}

function settled(answer: string | symbol | undefined): string | undefined {
  if (isCancel(answer)) throw new Cancelled();
  return typeof answer === 'string' ? answer : undefined;
}
