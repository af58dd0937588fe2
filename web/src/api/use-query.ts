import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { returns } from './presence.js';

interface Query<T> {
  /** The last answer; stays while a new one is on its way. */
  data: T | undefined;
  error: unknown;
  isLoading: boolean;
  /** `data` answers an earlier key. */
  isStale: boolean;
  reload: () => void;
}

/**
 * Asks with each new `key`, when the server returns, and every `everyMs` while the page is in sight.
 *
 * @param key names what is asked; an answer to an earlier key is dropped
 */
export function useQuery<T>(
  key: string,
  ask: (signal: AbortSignal) => Promise<T>,
  everyMs?: number,
): Query<T> {
  const [state, setState] = useState<{ key: string; data?: T; error?: unknown; isLoading: boolean }>({
    key,
    isLoading: true,
  });
  const [turn, setTurn] = useState(0);
  const asks = useRef(ask);
  asks.current = ask;
  const isAsking = useRef(false);
  const back = returns.value;
  useEffect(() => {
    const abort = new AbortController();
    isAsking.current = true;
    setState((before) => ({ ...before, isLoading: true }));
    asks.current(abort.signal).then(
      (data) => {
        if (abort.signal.aborted) return;
        isAsking.current = false;
        setState({ key, data, isLoading: false });
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        isAsking.current = false;
        setState((before) => ({ ...before, error, isLoading: false }));
      },
    );
    return () => abort.abort();
  }, [key, turn, back]);
  const reload = useCallback(() => setTurn((before) => before + 1), []);
  useEffect(() => {
    if (everyMs === undefined) return;
    const timer = setInterval(() => {
      // A slow answer is waited for: asking again would start it again.
      if (!document.hidden && !isAsking.current) reload();
    }, everyMs);
    return () => clearInterval(timer);
  }, [everyMs, reload]);
  return {
    data: state.data,
    error: state.error,
    isLoading: state.isLoading,
    isStale: state.key !== key,
    reload,
  };
}
