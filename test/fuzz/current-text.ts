const HEAD_BYTES = 8;
const LONGEST_BYTES = 64 * 1024;

/** The text that a worker tries at this moment, in memory that its parent reads: a worker that hangs says nothing. */
export class CurrentText {
  readonly memory: SharedArrayBuffer;
  readonly #head: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(memory = new SharedArrayBuffer(HEAD_BYTES + LONGEST_BYTES)) {
    this.memory = memory;
    this.#head = new Int32Array(memory, 0, 2);
    this.#bytes = new Uint8Array(memory, HEAD_BYTES);
  }

  set(text: string): void {
    const { written } = new TextEncoder().encodeInto(text, this.#bytes);
    this.#head[1] = written;
    Atomics.add(this.#head, 0, 1);
  }

  /** How many texts were set so far. */
  get count(): number {
    return Atomics.load(this.#head, 0);
  }

  get text(): string {
    return Buffer.from(this.#bytes.slice(0, this.#head[1])).toString();
  }
}
