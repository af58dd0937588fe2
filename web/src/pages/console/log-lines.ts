/** A message of a task's log. */
export interface LogEvent {
  timestamp: number;
  msg?: string;
  level?: string;
  worker?: string;
}

export interface Line {
  /** With its colours; no line break, no carriage return. */
  text: string;
  timestamp: number;
  /**
   * What the next message may do: `redraws` if it begins with a carriage return, as progress bars do; `returned` if it goes on
   * in any case, because this message ended with one.
   */
  open?: 'redraws' | 'returned';
}

/** Adds messages to lines. A message begins a line of its own, or draws the last line again. */
export function addEvents(lines: Line[], events: readonly LogEvent[]): void {
  for (const { msg = '', timestamp } of events) {
    const parts = msg.replaceAll('\r\n', '\n').split('\n');
    if (parts.length > 1 && parts.at(-1) === '') parts.pop();
    const last = lines.at(-1);
    const redraws = last?.open === 'returned' || (last?.open === 'redraws' && msg.startsWith('\r'));
    if (redraws) lines.pop();
    for (const [index, part] of parts.entries())
      lines.push({ text: redrawn(index === 0 && redraws ? `${last?.text}\r${part}` : part), timestamp });
    const added = lines.at(-1);
    if (added !== undefined && msg.includes('\r') && !msg.endsWith('\n'))
      added.open = msg.endsWith('\r') ? 'returned' : 'redraws';
  }
}

/** What is seen of a line after its carriage returns: the last text that was written over it. */
function redrawn(text: string): string {
  if (!text.includes('\r')) return text;
  return text.split('\r').findLast((part) => part !== '') ?? '';
}
