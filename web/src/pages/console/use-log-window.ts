import { useEffect, useMemo, useReducer, useState } from 'preact/hooks';
import { returns } from '../../api/presence.js';
import { followLog, logSource } from './log-source.js';
import { LogWindow } from './log-window.js';

/** The window of a task's log, which new lines reach. */
export function useLogWindow(task: string): { window: LogWindow; error: unknown } {
  const [, redraw] = useReducer((turn: number) => turn + 1, 0);
  const [error, setError] = useState<unknown>();
  const window = useMemo(() => new LogWindow(logSource(task), () => redraw(undefined)), [task]);
  const back = returns.value;
  useEffect(() => {
    let isLeft = false;
    let stop: (() => void) | undefined;
    const begin = async () => {
      await window.toEnd();
      if (!isLeft) stop = followLog(task, window);
    };
    begin().catch((cause: unknown) => {
      if (!isLeft) setError(cause);
    });
    return () => {
      isLeft = true;
      stop?.();
    };
  }, [task, window, back]);
  return { window, error };
}
