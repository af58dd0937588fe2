import { EventEmitter } from 'node:events';

/** When something of the machine was given out or back. */
export class Changes {
  readonly #events = new EventEmitter();
  #begun = 0;
  #ended = 0;

  on(listener: () => void): void {
    this.#events.on('change', listener);
  }

  happened(): void {
    this.#events.emit('change');
  }

  /** Carries out a release. */
  async release(work: () => Promise<void>): Promise<void> {
    this.#begun += 1;
    try {
      await work();
    } finally {
      this.#ended += 1;
      this.happened();
    }
  }

  /** Answers later whether something was given back since this call, or was being given back at it. */
  releasesSince(): () => boolean {
    const [begun, ended] = [this.#begun, this.#ended];
    return () => begun !== ended || begun !== this.#begun;
  }

  close(): void {
    this.#events.removeAllListeners();
  }
}
