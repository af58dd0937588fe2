/** Of each stream of a command so much is kept, from its end. */
const MAX_KEPT = 1024 * 1024;

/** Output of one command in a container: the number of its process first, then what it prints. */
export class ExecOutput {
  /** Known once the command has started. */
  readonly processNumber: Promise<string>;
  readonly #onOutput: ((text: string) => void) | undefined;
  readonly #kept: number;
  readonly #decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  readonly #texts = { stdout: '', stderr: '' };
  #tellNumber: ((number: string) => void) | undefined;
  #head = '';

  constructor(onOutput: ((text: string) => void) | undefined, kept = MAX_KEPT) {
    this.#onOutput = onOutput;
    this.#kept = kept;
    this.processNumber = new Promise((resolve) => {
      this.#tellNumber = resolve;
    });
  }

  feed(data: Uint8Array, stream: 'stdout' | 'stderr'): void {
    const text = this.#decoders[stream].decode(data, { stream: true });
    const rest = stream === 'stdout' ? this.#afterNumber(text) : text;
    if (rest === '') return;
    const all = this.#texts[stream] + rest;
    this.#texts[stream] = all.length > 2 * this.#kept ? all.slice(-this.#kept) : all;
    this.#onOutput?.(rest);
  }

  texts(): { stdout: string; stderr: string } {
    const { stdout, stderr } = this.#texts;
    return { stdout: stdout.slice(-this.#kept), stderr: stderr.slice(-this.#kept) };
  }

  #afterNumber(text: string): string {
    if (this.#tellNumber === undefined) return text;
    this.#head += text;
    const end = this.#head.indexOf('\n');
    if (end < 0) return '';
    this.#tellNumber(this.#head.slice(0, end));
    this.#tellNumber = undefined;
    return this.#head.slice(end + 1);
  }
}
