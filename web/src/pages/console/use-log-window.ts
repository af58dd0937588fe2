import { useEffect, useMemo, useReducer } from 'preact/hooks';
import { toastError } from '../../components/toast.js';
import { followLog, logSource } from './log-source.js';
import { LogWindow } from './log-window.js';

/** The window of a task's log, which new lines reach. */
export function useLogWindow(task: string): LogWindow {
  const [, redraw] = useReducer((turn: number) => turn + 1, 0);
  const window = useMemo(() => new LogWindow(logSource(task), () => redraw(undefined), toastError), [task]);
  useEffect(() => followLog(task, window), [task, window]);
  return window;
}
