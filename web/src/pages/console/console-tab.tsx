import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { at } from '../../base.js';
import { ScrollRegion } from '../../components/scroll-region.js';
import { Empty, Loading } from '../../components/states.js';
import { useVirtual } from '../../components/use-virtual.js';
import type { TabProps } from '../tasks/tab-props.js';
import { ConsoleBar } from './console-bar.js';
import { ConsoleRow } from './console-row.js';
import { useLogWindow } from './use-log-window.js';
import './console.css';

const ROW_HEIGHT = 19;
/** Rows before an end of the window at which more are asked for. */
const NEAR = 300;

/** What the task prints. The end stays in sight while it is; lines before it load when they are scrolled to. */
export default function ConsoleTab({ task }: TabProps) {
  const log = useLogWindow(task.id);
  const [find, setFind] = useState('');
  const [hasTimes, setTimes] = useState(false);
  const [wraps, setWraps] = useState(false);
  const [found, setFound] = useState<number>();
  const { frame, virtual } = useVirtual({
    count: log.lines.length,
    rowHeight: ROW_HEIGHT,
    firstKey: log.first,
    follows: log.isAtEnd,
  });
  const rows = virtual.getVirtualItems();
  const show = (number: number, align: 'center' | 'end' | 'start' = 'center') =>
    virtual.scrollToIndex(number - log.first, { align });
  useStartAtEnd(log.isReady && log.lines.length > 0, () => virtual.scrollToEnd());
  const firstSeen = rows[0]?.index ?? 0;
  const lastSeen = rows.at(-1)?.index ?? 0;
  useEffect(() => {
    if (!log.isReady || rows.length === 0) return;
    if (firstSeen < NEAR) void log.loadEarlier();
    else if (lastSeen > log.lines.length - NEAR) void log.loadLater();
  }, [log, log.isReady, firstSeen, lastSeen, rows.length]);
  const jumpToEnd = async () => {
    if (!log.isAtEnd) await log.toEnd();
    requestAnimationFrame(() => virtual.scrollToEnd());
  };
  if (!log.isReady) return <Loading label="Loading the console" />;
  return (
    <section class="console" aria-label="Console">
      <ConsoleBar
        log={log}
        find={find}
        onFind={setFind}
        middle={log.first + Math.floor((firstSeen + lastSeen) / 2)}
        onFound={(number) => {
          setFound(number);
          requestAnimationFrame(() => show(number));
        }}
        hasTimes={hasTimes}
        onTimes={setTimes}
        wraps={wraps}
        onWraps={(next) => {
          setWraps(next);
          virtual.measure();
        }}
        isEndInSight={log.isAtEnd && virtual.isAtEnd(40)}
        onEnd={() => void jumpToEnd()}
        onStart={() => void log.toStart().then(() => requestAnimationFrame(() => virtual.scrollToOffset(0)))}
        download={at(`/api/events.download_task_log?task=${task.id}`)}
      />
      {log.lines.length === 0 ? (
        <Empty title="The task has printed nothing yet." />
      ) : (
        <ScrollRegion class={wraps ? 'console-frame wraps' : 'console-frame'} label="Lines" frame={frame}>
          <div class="console-room" style={{ height: `${virtual.getTotalSize()}px` }}>
            {rows.map(({ index, key, start }) => (
              <ConsoleRow
                key={key}
                index={index}
                line={log.lines[index]}
                start={start}
                find={find.toLowerCase()}
                isFound={log.first + index === found}
                hasTimes={hasTimes}
                measure={wraps ? virtual.measureElement : undefined}
              />
            ))}
          </div>
        </ScrollRegion>
      )}
    </section>
  );
}

function useStartAtEnd(isReady: boolean, act: () => void): void {
  const done = useRef(false);
  useLayoutEffect(() => {
    if (!isReady || done.current) return;
    done.current = true;
    requestAnimationFrame(act);
  });
}
