import { plainText } from './ansi-text.js';
import { addEvents, type Line, type LogEvent } from './log-lines.js';

/** Where the lines of a log come from. */
export interface LogSource {
  /** Events before a time, or the last ones; oldest first. All events of one millisecond come together. */
  earlier(before: number | undefined, count: number, signal?: AbortSignal): Promise<LogEvent[]>;
  /** Events after a time, or the first ones; oldest first. */
  later(after: number | undefined, count: number, signal?: AbortSignal): Promise<LogEvent[]>;
  /** The next message that may show a text, beyond a time. A long log takes several calls. */
  search(text: string, from: number, isForward: boolean, signal: AbortSignal): Promise<Finding>;
}

interface Finding {
  /** Of the message. */
  timestamp?: number;
  /** Without a message: where the search continues; absent at the end of the log. */
  next?: number;
  /** Messages that were read. */
  searched: number;
}

export interface Search {
  /** In lower case. */
  text: string;
  isForward: boolean;
  signal: AbortSignal;
  /** Is told how many messages were read so far. */
  onProgress?: (searched: number) => void;
}

/** Messages of one request. */
export const PAGE = 2000;
/** Lines that are held at most: more leave at the other end of the window. */
const MOST_LINES = 24_000;
/** Numbers between one place in the log and the next. */
const LINES_OF_GENERATION = 100_000_000;
/** Printed lines that are kept while a page is read. */
const MOST_RECENT = 5000;

/**
 * The part of a log that is in memory. It grows at the end that is scrolled to and shrinks at the other, so a log of any
 * length takes the same room.
 */
export class LogWindow {
  lines: readonly Line[] = [];
  /** The number of the first line; it falls when lines come before it, so a line keeps its number. */
  first = 0;
  /** Nothing is before, or after, the lines. */
  isAtStart = false;
  isAtEnd = false;
  isLoading = false;
  /** Whether the first page has come. */
  isReady = false;
  /** A new place in the log has new numbers. */
  #generation = 0;
  readonly #source: LogSource;
  readonly #onChange: () => void;
  readonly #onFailure: (error: unknown) => void;
  /** The last lines that were printed, for a page that was read meanwhile. */
  #recent: readonly LogEvent[] = [];

  constructor(source: LogSource, onChange: () => void, onFailure: (error: unknown) => void) {
    this.#source = source;
    this.#onChange = onChange;
    this.#onFailure = onFailure;
  }

  /** Shows the end of the log. */
  async toEnd(): Promise<void> {
    await this.#load(async () => {
      const events = await this.#source.earlier(undefined, PAGE);
      this.#replace(events, { isAtStart: events.length < PAGE, isAtEnd: true });
    });
  }

  async toStart(): Promise<void> {
    await this.#load(async () => {
      const events = await this.#source.later(undefined, PAGE);
      this.#replace(events, { isAtStart: true, isAtEnd: events.length < PAGE });
    });
  }

  /** Shows what was printed around a time. @returns the number of the first line at or after it */
  async toTime(time: number): Promise<number> {
    await this.#load(async () => {
      const [before, after] = await Promise.all([
        this.#source.earlier(time, PAGE),
        this.#source.later(time - 1, PAGE),
      ]);
      this.#replace([...before, ...after], { isAtStart: before.length < PAGE, isAtEnd: after.length < PAGE });
    });
    const index = this.lines.findIndex(({ timestamp }) => timestamp >= time);
    return this.first + (index === -1 ? Math.max(0, this.lines.length - 1) : index);
  }

  async loadEarlier(): Promise<void> {
    const [head] = this.lines;
    if (this.isLoading || this.isAtStart || head === undefined) return;
    await this.#load(async () => {
      const events = await this.#source.earlier(head.timestamp, PAGE);
      const added: Line[] = [];
      addEvents(added, events);
      this.isAtStart = events.length < PAGE;
      this.first -= added.length;
      this.lines = this.#withoutEnd([...added, ...this.lines]);
    });
  }

  async loadLater(): Promise<void> {
    const last = this.lines.at(-1);
    if (this.isLoading || this.isAtEnd || last === undefined) return;
    await this.#load(async () => {
      const events = await this.#source.later(last.timestamp, PAGE);
      this.isAtEnd = events.length < PAGE;
      this.#append(this.isAtEnd ? this.#withRecent(events) : events);
    });
  }

  /** The last lines of the log, asked for with `PAGE`. */
  begin(events: readonly LogEvent[]): void {
    this.#recent = [];
    this.#replace(events, { isAtStart: events.length < PAGE, isAtEnd: true });
    this.isReady = true;
    this.#onChange();
  }

  /** Lines that the task printed just now; they show where the window is at the end. */
  add(events: readonly LogEvent[]): void {
    this.#recent = [...this.#recent, ...events].slice(-MOST_RECENT);
    if (!this.isAtEnd || events.length === 0) return;
    this.#append(events);
    this.#onChange();
  }

  /**
   * Finds a line, from a number onwards or backwards, in the whole log.
   *
   * @returns its number, with the window around it; undefined where there is none
   */
  async find(from: number, search: Search): Promise<number | undefined> {
    const near = this.#findHere(from, search);
    if (near !== undefined) return near;
    const time = await this.#findBeyond(search);
    if (time === undefined) return undefined;
    const start = await this.toTime(time);
    const last = this.first + this.lines.findLastIndex((line) => line.timestamp <= time);
    return this.#findHere(search.isForward ? start : last, search);
  }

  #findHere(from: number, { text, isForward }: Search): number | undefined {
    const step = isForward ? 1 : -1;
    for (let index = from - this.first; index >= 0 && index < this.lines.length; index += step) {
      const line = this.lines[index];
      if (line !== undefined && shows(line, text)) return this.first + index;
    }
    return undefined;
  }

  /** The time of the next match outside of the window. */
  async #findBeyond({ text, isForward, signal, onProgress }: Search): Promise<number | undefined> {
    let from = (isForward ? this.lines.at(-1) : this.lines[0])?.timestamp;
    if (isForward ? this.isAtEnd : this.isAtStart) return undefined;
    let total = 0;
    while (from !== undefined) {
      const { timestamp, next, searched } = await this.#source.search(text, from, isForward, signal);
      total += searched;
      onProgress?.(total);
      if (timestamp !== undefined && (await this.#isShownAt(timestamp, text, signal))) return timestamp;
      from = timestamp ?? next;
    }
    return undefined;
  }

  /** What a progress bar drew over is in a message and not in the lines. */
  async #isShownAt(time: number, text: string, signal: AbortSignal): Promise<boolean> {
    const lines: Line[] = [];
    addEvents(lines, await this.#source.later(time - 1, PAGE, signal));
    return lines.some((line) => line.timestamp === time && shows(line, text));
  }

  /** The last page of a log, with what was printed while it was read. */
  #withRecent(page: readonly LogEvent[]): readonly LogEvent[] {
    const last = page.at(-1)?.timestamp ?? this.lines.at(-1)?.timestamp ?? 0;
    const inPage = page.filter(({ timestamp }) => timestamp === last).length;
    const same = this.#recent.filter(({ timestamp }) => timestamp === last);
    const later = this.#recent.filter(({ timestamp }) => timestamp > last);
    return [...page, ...(page.length === 0 ? [] : same.slice(inPage)), ...later];
  }

  #append(events: readonly LogEvent[]): void {
    const lines = [...this.lines];
    addEvents(lines, events);
    this.lines = this.#withoutStart(lines);
  }

  #replace(events: readonly LogEvent[], ends: { isAtStart: boolean; isAtEnd: boolean }): void {
    const lines: Line[] = [];
    addEvents(lines, ends.isAtEnd ? this.#withRecent(events) : events);
    this.lines = lines;
    this.#generation += 1;
    this.first = this.#generation * LINES_OF_GENERATION;
    this.isAtStart = ends.isAtStart;
    this.isAtEnd = ends.isAtEnd;
  }

  /** The lines of one millisecond stay together: pages begin after a millisecond. */
  #withoutStart(lines: readonly Line[]): readonly Line[] {
    if (lines.length <= MOST_LINES) return lines;
    let cut = lines.length - MOST_LINES;
    while (cut < lines.length - 1 && lines[cut]?.timestamp === lines[cut - 1]?.timestamp) cut += 1;
    this.first += cut;
    this.isAtStart = false;
    return lines.slice(cut);
  }

  #withoutEnd(lines: readonly Line[]): readonly Line[] {
    if (lines.length <= MOST_LINES) return lines;
    let cut = MOST_LINES;
    while (cut > 1 && lines[cut]?.timestamp === lines[cut - 1]?.timestamp) cut -= 1;
    this.isAtEnd = false;
    return lines.slice(0, cut);
  }

  async #load(act: () => Promise<void>): Promise<void> {
    this.isLoading = true;
    this.#onChange();
    try {
      await act();
      this.isReady = true;
    } catch (error) {
      this.#onFailure(error);
    } finally {
      this.isLoading = false;
      this.#onChange();
    }
  }
}

function shows(line: Line, text: string): boolean {
  return plainText(line.text).toLowerCase().includes(text);
}
