export interface LateAbort {
  signal: AbortSignal;
  /** Nothing is waited for any more. */
  close(): void;
}

/** A signal that aborts a while after the first of these: what is under way gets that long to end. */
export function lateAbort(first: readonly AbortSignal[], afterMs: number): LateAbort {
  const late = new AbortController();
  const closing = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const begin = () => {
    timer ??= setTimeout(() => late.abort(), afterMs);
  };
  for (const signal of first) {
    if (signal.aborted) begin();
    else signal.addEventListener('abort', begin, { signal: closing.signal });
  }
  return {
    signal: late.signal,
    close: () => {
      closing.abort();
      clearTimeout(timer);
    },
  };
}
