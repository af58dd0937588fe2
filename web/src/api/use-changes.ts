import { useEffect, useRef } from 'preact/hooks';
import { type ChangeKind, onChange } from './stream.js';

/** A page reads again at most this often, however much happens. */
const LEAST_MS = 1000;

/** Calls `reload` soon after something of these kinds has changed. */
export function useChanges(kinds: readonly ChangeKind[], reload: () => void): void {
  const latest = useRef(reload);
  latest.current = reload;
  const key = kinds.join();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let readAt = Date.now();
    const read = () => {
      timer = undefined;
      readAt = Date.now();
      latest.current();
    };
    const soon = () => {
      timer ??= setTimeout(read, Math.max(0, readAt + LEAST_MS - Date.now()));
    };
    const stop = onChange({ kinds: key.split(',') as ChangeKind[] }, { changed: soon, reread: soon });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [key]);
}
