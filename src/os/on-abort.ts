/**
 * Calls the listener when the signal aborts, until the returned function is called.
 *
 * The option `signal` of `addEventListener` would not do: where one target has several such listeners, Node 20 holds what
 * removes them by a weak reference only. After a garbage collection they stay, and with them the run that they belong to.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}
