import type { RunInPod } from './pod-exec.js';

/** What a command in a pod prints, as it comes; ends with the command, or when the signal aborts. */
export async function* followInPod(
  exec: RunInPod,
  argv: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const left = new AbortController();
  const pieces: Uint8Array[] = [];
  let wake: () => void = () => undefined;
  let taken: () => void = () => undefined;
  let failure: unknown;
  let isOver = false;
  const ended = exec({
    argv,
    signal: AbortSignal.any([signal, left.signal]),
    onOutput: (data, stream) => {
      if (stream === 'stderr') return undefined;
      pieces.push(data);
      wake();
      return new Promise<void>((resolve) => {
        taken = resolve;
      });
    },
  })
    .catch((error: unknown) => {
      failure = error;
    })
    .then(() => {
      isOver = true;
      wake();
    });
  try {
    for (;;) {
      const piece = pieces.shift();
      if (piece !== undefined) {
        yield piece;
        if (pieces.length === 0) taken();
      } else if (isOver) break;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
    if (failure !== undefined && !signal.aborted) throw failure;
  } finally {
    left.abort();
    await ended;
  }
}
