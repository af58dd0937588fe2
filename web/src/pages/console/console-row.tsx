import { Component } from 'preact';
import { AnsiLine } from './ansi-line.js';
import type { Line } from './log-lines.js';

interface RowProps {
  index: number;
  line: Line | undefined;
  /** Pixels from the top of all rows. */
  start: number;
  find: string;
  isFound: boolean;
  hasTimes: boolean;
  measure: ((element: HTMLDivElement | null) => void) | undefined;
}

/** A line. It is drawn again only when something of it changes, because scrolling asks for all lines in sight. */
export class ConsoleRow extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    return (Object.keys(next) as (keyof RowProps)[]).some((name) => next[name] !== this.props[name]);
  }

  override render({ index, line, start, find, isFound, hasTimes, measure }: RowProps) {
    if (line === undefined) return null;
    return (
      <div
        ref={measure ?? null}
        data-index={index}
        class={isFound ? 'console-row found' : 'console-row'}
        style={{ transform: `translateY(${start}px)` }}
      >
        {hasTimes && <span class="console-time">{timeOf(line.timestamp)}</span>}
        <span class="console-text">
          <AnsiLine text={line.text} find={find} />
        </span>
      </div>
    );
  }
}

function timeOf(timestamp: number): string {
  const date = new Date(timestamp);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}
