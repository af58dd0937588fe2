import { onAbort } from './on-abort.js';

export interface LateAbort {
  signal: AbortSignal;
  /** Nothing is waited for any more. */
  close(): void;
}

/** A signal that aborts a while after the first of these: what is under way gets that long to end. */
export function lateAbort(first: readonly AbortSignal[], afterMs: number): LateAbort {
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const begin = () => {
    timer ??= setTimeout(() => late.abort(), afterMs);
  };
  if (first.some((signal) => signal.aborted)) begin();
  const listening = first.map((signal) => onAbort(signal, begin));
  return {
    signal: late.signal,
    close: () => {
      for (const end of listening) end();
      clearTimeout(timer);
    },
  };
}
