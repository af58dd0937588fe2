import { useEffect, useRef, useState } from 'preact/hooks';
import { CheckField } from '../../components/fields.js';
import { toastError } from '../../components/toast.js';
import { plainText } from './ansi-line.js';
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

/** Enter finds the next match upwards, Shift+Enter downwards: a log is read from its end. */
function Search({ log, find, onFind, middle, onFound }: BarProps) {
  const [state, setState] = useState<'idle' | 'searching' | 'none'>('idle');
  const last = useRef<number | undefined>(undefined);
  const abort = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => abort.current?.abort(), []);
  const search = async (isForward: boolean) => {
    const text = find.toLowerCase();
    if (text === '') return;
    abort.current?.abort();
    const own = new AbortController();
    abort.current = own;
    setState('searching');
    try {
      const from = (last.current ?? middle) + (last.current === undefined ? 0 : isForward ? 1 : -1);
      const line = await log.find(
        (one) => plainText(one.text).toLowerCase().includes(text),
        from,
        isForward,
        own.signal,
      );
      setState(line === undefined ? 'none' : 'idle');
      if (line === undefined) return;
      last.current = line;
      onFound(line);
    } catch (error) {
      if (own.signal.aborted) return;
      setState('idle');
      toastError(error);
    }
  };
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
        value={find}
        onInput={(event) => {
          last.current = undefined;
          setState('idle');
          onFind(event.currentTarget.value);
        }}
        onKeyDown={(event) => {
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
      <span class="hint" role="status">
        {state === 'searching' ? 'Searching…' : state === 'none' ? 'No match' : ''}
      </span>
    </form>
  );
}
