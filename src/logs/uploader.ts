import { setTimeout as sleep } from 'node:timers/promises';
import { causeLine } from '../errors.js';
import { backoffDelay } from '../os/backoff.js';
import { BATCH_LIMITS, type Batch, type BatchLimits, planBatch } from './batch.js';
import { type SendResult, sendExactlyOnce } from './exactly-once.js';
import { behindEnd, sentPart } from './sent-part.js';
import {
  dropUploadState,
  NOTHING_SENT,
  readUploadState,
  type UploadState,
  writeUploadState,
} from './upload-state.js';
import { TIMING, type UploaderOptions, type UploadTiming } from './uploader-options.js';
import { WakeUp } from './wake-up.js';

/** This many bytes are sent without waiting for more. */
const MUCH_BYTES = 256 * 1024;
const AHEAD_BYTES = 64 * 1024 * 1024;
/** A server that calls requests too large gets smaller ones, but not below this many characters. */
const SMALLEST_REQUEST = 16_384;
const DOUBTFUL =
  '[clearml-agent] lines above may be there twice: the note of what the server has of this log was lost\n';
/** After a failure of our own, such as a disk that cannot be read. */
const TROUBLE_PAUSE_MS = 5000;

/**
 * Sends the spool to the server, each line exactly once: the events of a request are noted on disk before it
 * is sent, so that a later run can find out which of them arrived. A server that is away costs waiting and
 * nothing else.
 */
export class Uploader {
  readonly #options: UploaderOptions;
  readonly #timing: UploadTiming;
  readonly #ending = new AbortController();
  /** Of an earlier process, too: by this name it is looked up what the server has. */
  readonly #worker: string;
  #limits: BatchLimits;
  #state: UploadState;
  /** The note of how far the server has the log is lost. */
  #searching: boolean;
  /** Text that the server has of records which were lost with the memory of an earlier process: it comes again. */
  #again = '';
  #work: Promise<void> = Promise.resolve();
  /** Something to do. */
  readonly #news = new WakeUp();
  /** Something done. */
  readonly #progress = new WakeUp();
  #hurry = false;
  #held: boolean;
  #sentAt = Number.NEGATIVE_INFINITY;

  private constructor(options: UploaderOptions, worker: string, state: UploadState | undefined) {
    this.#options = options;
    this.#worker = worker;
    this.#timing = { ...TIMING, ...options.timing };
    this.#limits = { ...BATCH_LIMITS, ...options.limits };
    this.#state = state ?? NOTHING_SENT;
    this.#searching = state === undefined && options.spool.end > 0;
    this.#held = options.held === true;
  }

  /** Resumes where the last run ended, and sends until it is stopped. */
  static async start(options: UploaderOptions): Promise<Uploader> {
    const { stateFile, spool } = options;
    const noted = await readUploadState(stateFile);
    // Records that were sent from memory, and that the disk never took.
    const isBeyond = Math.max(noted?.cursor.offset ?? 0, noted?.inFlight?.to.offset ?? 0) > spool.end;
    if (isBeyond) await dropUploadState(stateFile);
    const uploader = new Uploader(options, noted?.worker ?? options.worker, isBeyond ? undefined : noted);
    uploader.#work = uploader.#run();
    return uploader;
  }

  /** There is something new in the spool. */
  notify(): void {
    this.#news.wake();
  }

  /** Resolves when not too much is waiting to be sent, or the signal aborts. */
  async keepUp(signal?: AbortSignal): Promise<void> {
    const { aheadBytes = AHEAD_BYTES } = this.#options;
    await this.#progress.until(() => this.#backlog <= aheadBytes, [signal, this.#ending.signal]);
  }

  get isHeld(): boolean {
    return this.#held;
  }

  /** While held, nothing is sent, also nothing of what was not taken before. */
  hold(held: boolean): void {
    if (this.#held === held) return;
    this.#held = held;
    this.notify();
  }

  /** Sends without gathering until all that is in the spool is sent. False when the signal ended the wait. */
  async drain(signal?: AbortSignal): Promise<boolean> {
    this.#hurry = true;
    this.notify();
    await this.#progress.until(() => this.#isDone, [signal, this.#ending.signal]);
    this.#hurry = false;
    return this.#isDone;
  }

  /** A request that is under way is looked into by the next run. */
  async stop(): Promise<void> {
    this.#ending.abort();
    this.notify();
    await this.#work;
  }

  get #backlog(): number {
    return this.#options.spool.end - this.#state.cursor.offset;
  }

  get #isDone(): boolean {
    return (
      !this.#searching &&
      this.#state.inFlight === undefined &&
      this.#state.cursor.offset >= this.#options.spool.end
    );
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        await this.#step();
      } catch (error) {
        if (signal.aborted) return;
        this.#options.warn(`the log of task ${this.#options.task} cannot be sent: ${causeLine(error)}`);
        await sleep(TROUBLE_PAUSE_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #step(): Promise<void> {
    if (this.#held) return this.#sleep();
    if (this.#searching) return this.#search();
    if (this.#state.inFlight) return this.#resume(this.#state.inFlight);
    if (this.#isDone) return this.#sleep();
    if (this.#again !== '') return this.#skip();
    await this.#gather();
    if (!this.#ending.signal.aborted && !this.#held) await this.#sendNext();
  }

  async #search(): Promise<void> {
    const { spool, server, task, now = Date.now, random = Math.random } = this.#options;
    const worker = this.#worker;
    const { settleMs, backoff } = this.#timing;
    const { signal } = this.#ending;
    const found = await sentPart({ spool, server, task, worker, settleMs, now: now(), signal });
    if (found === undefined) {
      await sleep(backoffDelay(1, backoff, random), undefined, { signal });
      return;
    }
    const { cursor, lastTime, sure, again } = found;
    this.#searching = false;
    this.#again = again;
    if (!sure) this.#sayDoubt();
    if (again === '') return this.#keep({ cursor, lastTime });
    // A kill before all of it has come looks for it once more.
    this.#state = { cursor, lastTime };
    this.#progress.wake();
  }

  #sayDoubt(): void {
    const { spool, now = Date.now } = this.#options;
    spool.append({ time: now(), level: 'WARNING', text: DOUBTFUL, position: spool.position });
  }

  /** Passes over what the server has already. */
  async #skip(): Promise<void> {
    const { records, next } = await this.#options.spool.read(this.#state.cursor.offset);
    const { cursor, again, fits } = behindEnd(this.#again, records, { ...this.#state.cursor, offset: next });
    this.#again = again;
    if (!fits) this.#sayDoubt();
    this.#state = { ...this.#state, cursor };
    if (again === '') await this.#keep(this.#state);
    else this.#progress.wake();
  }

  /** A request of an earlier run, that may have arrived or not. */
  async #resume({ to, times, message }: NonNullable<UploadState['inFlight']>): Promise<void> {
    const batch = await this.#plan({ until: to, limits: { message, request: Number.POSITIVE_INFINITY } });
    const known = batch.events.length === times.length;
    if (!known) return this.#keep({ cursor: this.#state.cursor, lastTime: this.#state.lastTime });
    const events = batch.events.map((event, index) => ({
      ...event,
      timestamp: times[index] ?? event.timestamp,
    }));
    await this.#send({ events, to }, true);
  }

  async #sendNext(): Promise<void> {
    const batch = await this.#plan({ limits: this.#limits });
    if (batch.events.length > 0) {
      const times = batch.events.map(({ timestamp }) => timestamp);
      const inFlight = { to: batch.to, times, message: this.#limits.message };
      await this.#keep({ ...this.#state, inFlight });
    }
    await this.#send(batch, false);
  }

  async #plan(request: { limits: BatchLimits; until?: UploadState['cursor'] }): Promise<Batch> {
    const { spool, task, now = Date.now } = this.#options;
    const worker = this.#worker;
    const { cursor: from, lastTime } = this.#state;
    const { records, next } = await spool.read(from.offset);
    const batch = planBatch({ ...request, records, from, task, worker, lastTime, now: now() });
    // Nothing to send in what was read: unreadable, or empty lines alone.
    return batch.events.length > 0 ? batch : { events: [], to: { ...batch.to, offset: next, skip: 0 } };
  }

  async #send({ events, to }: Batch, doubtful: boolean): Promise<void> {
    const { server, random = Math.random } = this.#options;
    const { settleMs, backoff } = this.#timing;
    const { signal } = this.#ending;
    this.#sentAt = performance.now();
    if (events.length > 0) {
      const result = await sendExactlyOnce(events, {
        server,
        doubtful,
        settleMs,
        backoff,
        random,
        signal,
        maySend: () => this.#news.until(() => !this.#held, [signal]),
      });
      if (this.#shrinks(result)) {
        return this.#keep({ cursor: this.#state.cursor, lastTime: this.#state.lastTime });
      }
      await this.#report(result, events.length);
    }
    const lastTime = events.at(-1)?.timestamp ?? this.#state.lastTime;
    await this.#keep({ cursor: to, lastTime });
    await this.#options.spool.release(to.offset);
  }

  /** True when the request was too large and smaller ones are to be tried. */
  #shrinks(result: SendResult): boolean {
    if (result.kind !== 'refused' || !result.tooLarge || this.#limits.request <= SMALLEST_REQUEST)
      return false;
    const request = Math.max(SMALLEST_REQUEST, this.#limits.request / 2);
    // A message may grow to six times its size when its letters are escaped.
    this.#limits = { request, message: Math.min(this.#limits.message, Math.floor(request / 8)) };
    return true;
  }

  async #report(result: SendResult, sent: number): Promise<void> {
    const { task, warn, isGone } = this.#options;
    const complete = result.kind === 'accepted' && result.added >= sent;
    if (complete || (await isGone?.(this.#ending.signal))) return;
    // The log was dropped, so nothing of it is missed.
    if (this.#ending.signal.aborted) return;
    if (result.kind === 'refused') {
      warn(`the server refused a part of the log of task ${task}: ${result.cause}`);
    } else if (result.added < sent) {
      warn(`the server took ${result.added} of ${sent} parts of the log of task ${task}`);
    }
  }

  /** A disk that does not take the state is no reason not to send. After a kill, the server's log says what was sent. */
  async #keep(state: UploadState): Promise<void> {
    this.#state = state;
    this.#progress.wake();
    const { stateFile } = this.#options;
    await writeUploadState(stateFile, { ...state, worker: this.#worker }).catch(() =>
      dropUploadState(stateFile).catch(() => undefined),
    );
  }

  async #sleep(ms?: number): Promise<void> {
    if (!this.#ending.signal.aborted) await this.#news.next(ms);
  }

  async #gather(): Promise<void> {
    const due = Math.max(performance.now() + this.#timing.gatherMs, this.#sentAt + this.#timing.intervalMs);
    while (!this.#hurry && !this.#ending.signal.aborted) {
      const left = due - performance.now();
      if (left <= 0 || this.#backlog >= MUCH_BYTES) return;
      await this.#sleep(left);
    }
  }
}
