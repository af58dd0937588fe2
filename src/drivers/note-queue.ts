import type { OutputChunk } from './driver.js';

const NOTHING = new Uint8Array(0);

/** Lines about a job, put between the pieces of its output. */
export class NoteQueue {
  readonly #texts: string[] = [];
  #wake: () => void = () => undefined;

  add(text: string): void {
    this.#texts.push(text);
    this.#wake();
  }

  /** The pieces and, as soon as they come, the notes; those that are left when the pieces end come last. `leave` ends the wait for a piece. */
  async *between(
    pieces: AsyncGenerator<OutputChunk>,
    position: number,
    signal: AbortSignal,
    leave: () => void,
  ): AsyncGenerator<OutputChunk> {
    let at = position;
    let next = pieces.next();
    try {
      for (;;) {
        if (signal.aborted) return;
        const piece = await Promise.race([next, this.#noted()]);
        if (piece === undefined) {
          yield* this.#taken(at);
          continue;
        }
        if (piece.done) break;
        at = piece.value.position;
        yield piece.value;
        next = pieces.next();
      }
      yield* this.#taken(at);
    } finally {
      leave();
      next.catch(() => undefined);
      await pieces.return(undefined);
    }
  }

  *#taken(position: number): Generator<OutputChunk> {
    for (const note of this.#texts.splice(0)) yield { data: NOTHING, position, note };
  }

  #noted(): Promise<undefined> {
    if (this.#texts.length > 0) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#wake = () => resolve(undefined);
    });
  }
}
