import { EventEmitter } from 'node:events';
import { onAbort } from '../../os/on-abort.js';

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

/** Waits until something has changed, or until the time is over. */
export function changeOf(admission: {
  onChange(listener: () => void): void;
}): (ms: number, signal: AbortSignal) => Promise<void> {
  const waiting = new Set<() => void>();
  admission.onChange(() => {
    for (const wake of waiting) wake();
  });
  return (ms, signal) =>
    new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        stopListening();
        waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      const stopListening = onAbort(signal, done);
      waiting.add(done);
      if (signal.aborted) done();
    });
}
