import { onAbort } from '../../os/on-abort.js';
import type { Admission } from './admission.js';

/** Waits until something has changed, or until the time is over. */
export function changeOf(
  admission: Pick<Admission, 'onChange'>,
): (ms: number, signal: AbortSignal) => Promise<void> {
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
