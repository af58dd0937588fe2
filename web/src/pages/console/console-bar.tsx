import { useEffect, useRef, useState } from 'preact/hooks';
import { CheckField } from '../../components/fields.js';
import { toastError } from '../../components/toast.js';
import type { LogWindow } from './log-window.js';

interface BarProps {
  log: LogWindow;
  find: string;
  onFind: (find: string) => void;
  /** The number of the line in the middle, where a search begins. */
  middle: number;
  onFound: (line: number) => void;
  hasTimes: boolean;
  onTimes: (has: boolean) => void;
  wraps: boolean;
  onWraps: (wraps: boolean) => void;
  isEndInSight: boolean;
  onEnd: () => void;
  onStart: () => void;
  /** Address of the whole log. */
  download: string;
}

export function ConsoleBar(props: BarProps) {
  return (
    <div class="toolbar console-bar">
      <Search {...props} />
      <CheckField label="Times" checked={props.hasTimes} onChange={props.onTimes} />
      <CheckField label="Wrap" checked={props.wraps} onChange={props.onWraps} />
      <span class="grow" />
      <button type="button" class="button small" onClick={props.onStart}>
        Start
      </button>
      <button
        type="button"
        class={props.isEndInSight ? 'button small chosen' : 'button small'}
        aria-pressed={props.isEndInSight}
        onClick={props.onEnd}
      >
        {props.isEndInSight ? 'Following' : 'Jump to end'}
      </button>
      <a class="button small" href={props.download} download>
        Download
      </a>
    </div>
  );
}

type SearchState = 'idle' | 'none' | { searched: number };

/** A search of the whole log, which may be stopped. The next one begins beside the line that the last one found. */
function useSearch({ log, find, middle, onFound }: BarProps) {
  const [state, setState] = useState<SearchState>('idle');
  const last = useRef<number | undefined>(undefined);
  const running = useRef<AbortController | undefined>(undefined);
  const stop = () => {
    running.current?.abort();
    setState('idle');
  };
  useEffect(() => () => running.current?.abort(), []);
  const search = async (isForward: boolean) => {
    if (find === '') return;
    running.current?.abort();
    const own = new AbortController();
    const { signal } = own;
    running.current = own;
    setState({ searched: 0 });
    try {
      const from = (last.current ?? middle) + (last.current === undefined ? 0 : isForward ? 1 : -1);
      const onProgress = (searched: number) => !signal.aborted && setState({ searched });
      const line = await log.find(from, { text: find.toLowerCase(), isForward, signal, onProgress });
      if (signal.aborted) return;
      setState(line === undefined ? 'none' : 'idle');
      if (line === undefined) return;
      last.current = line;
      onFound(line);
    } catch (error) {
      if (signal.aborted) return;
      setState('idle');
      toastError(error);
    }
  };
  const forget = () => {
    last.current = undefined;
    stop();
  };
  return { state, search, stop, forget };
}

/** Enter finds the next match upwards, Shift+Enter downwards: a log is read from its end. */
function Search(props: BarProps) {
  const { state, search, stop, forget } = useSearch(props);
  return (
    <form
      class="console-search"
      onSubmit={(event) => {
        event.preventDefault();
        void search(false);
      }}
    >
      <input
        class="input"
        type="search"
        aria-label="Find in the console"
        placeholder="Find in the console"
        value={props.find}
        onInput={(event) => {
          forget();
          props.onFind(event.currentTarget.value);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape') stop();
          if (event.key !== 'Enter' || !event.shiftKey) return;
          event.preventDefault();
          void search(true);
        }}
      />
      <button type="submit" class="button small" aria-label="Find upwards">
        ↑
      </button>
      <button
        type="button"
        class="button small"
        aria-label="Find downwards"
        onClick={() => void search(true)}
      >
        ↓
      </button>
      {typeof state === 'object' && (
        <button type="button" class="button small" onClick={stop}>
          Stop
        </button>
      )}
      <span class="hint" role="status">
        {textOf(state)}
      </span>
    </form>
  );
}

function textOf(state: SearchState): string {
  if (state === 'none') return 'No match';
  if (state === 'idle') return '';
  return state.searched === 0 ? 'Searching…' : `Searched ${state.searched.toLocaleString()} lines`;
}
