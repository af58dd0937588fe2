/** A byte that programs hardly ever print. */
const FIRST = 6;

/**
 * Finds the word by which a shell tells that a command has ended in the stream that the command printed to. Only what may
 * be the start of the word is held back.
 */
export class LastWord {
  readonly #word: Buffer;
  #held: Buffer = Buffer.alloc(0);
  #after: string | undefined;

  constructor(marker: string) {
    this.#word = Buffer.from(`${String.fromCharCode(FIRST)}${marker} `);
  }

  /** The exit code that follows the word, once it is there. */
  get code(): number | undefined {
    const [code, end] = this.#after?.split('\n') ?? [];
    return end === undefined ? undefined : Number(code);
  }

  /** @returns what the command has printed */
  take(data: Buffer): Buffer {
    if (this.#after !== undefined) {
      this.#after += data.toString('latin1');
      return Buffer.alloc(0);
    }
    const all = Buffer.concat([this.#held, data]);
    const at = all.indexOf(this.#word);
    if (at !== -1) {
      this.#after = all.toString('latin1', at + this.#word.length);
      return all.subarray(0, at);
    }
    const start = all.lastIndexOf(FIRST);
    const isBegun = start !== -1 && this.#word.subarray(0, all.length - start).equals(all.subarray(start));
    this.#held = isBegun ? all.subarray(start) : Buffer.alloc(0);
    return isBegun ? all.subarray(0, start) : all;
  }
}

/**
 * Lines of a shell that run a command and report its end on both streams. The shell then stays until its input ends: a
 * connection that ends by itself may take the last output with it on a busy machine.
 *
 * @param command as a shell takes it
 */
export function withLastWord(command: string, marker: string): string[] {
  const word = (stream: number) => `printf '\\006%s %s\\n' ${marker} "$agent_c" >&${stream}`;
  return [
    // Ends all that the command started, where its own number would not.
    'clearml_agent_group=$$; export clearml_agent_group',
    command,
    'agent_c=$?',
    word(1),
    word(2),
    'while read -r agent_l; do :; done',
    'exit "$agent_c"',
  ];
}
