import { AgentError } from '../../errors.js';
import type { Asker, ChoiceQuestion, TextQuestion } from './asker.js';
import { LineReader } from './line-reader.js';
import { isWholeBlock } from './pasted-credentials.js';

export interface PipeStreams {
  input: NodeJS.ReadableStream;
  output: NodeJS.WritableStream;
}

/** One line of the input answers one question, an empty one with the default. Every question needs a line. */
export class PipeAsker implements Asker {
  readonly interactive = false;
  readonly #lines: LineReader;
  readonly #output: NodeJS.WritableStream;

  constructor({ input, output }: PipeStreams) {
    this.#lines = new LineReader({ input });
    this.#output = output;
  }

  say(text: string): void {
    this.#output.write(`${text}\n`);
  }

  async paste(message: string): Promise<string> {
    this.#output.write(`${message} `);
    const lines: string[] = [];
    while (!isWholeBlock(lines)) {
      const line = await this.#lines.next();
      if (line === undefined) break;
      lines.push(line);
    }
    this.say('');
    return lines.join('\n');
  }

  async text(question: TextQuestion): Promise<string> {
    const { message, initial, check } = question;
    this.#output.write(`${message}: ${initial ? `[${initial}] ` : ''}`);
    const line = await this.#lines.next();
    this.say('');
    if (line === undefined) throw refusal(`the input ended before "${message}"`);
    const answer = line.trim() || (initial ?? '');
    const problem = answer === '' && initial === undefined ? 'an answer is needed' : check?.(answer);
    // The next line is the answer to the next question, so this one is not asked again.
    if (problem !== undefined) throw refusal(`"${message}": ${problem}`);
    return answer;
  }

  async choose<T extends string>({ message, options }: ChoiceQuestion<T>): Promise<T> {
    const [first] = options;
    if (first === undefined) throw new AgentError('INTERNAL', `nothing to choose from: ${message}`);
    const labels = options.map(({ letter, label }) => `(${letter.toUpperCase()}) ${label}`).join('/');
    const answer = await this.text({
      message: `${message} ${labels}`,
      initial: first.label,
      check: (text) => (find(text, options) ? undefined : `expected ${labels}`),
    });
    return (find(answer, options) ?? first).value;
  }

  close(): void {
    this.#lines.close();
  }
}

function refusal(problem: string): AgentError {
  return new AgentError('USAGE', `${problem}; nothing was written`, {
    hint: 'Give one line for each question, an empty one for its default, or run agent init in a terminal.',
  });
}

function find<O extends { label: string; letter: string }>(
  text: string,
  options: readonly O[],
): O | undefined {
  const typed = text.toLowerCase();
  return options.find(({ label, letter }) => typed === letter.toLowerCase() || typed === label.toLowerCase());
}
