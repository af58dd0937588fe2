import path from 'node:path';
import type { Redactor } from '../secrets/redactor.js';
import { LineAssembler, type Piece } from './assembler.js';
import type { LogServer } from './delivery.js';
import type { AgentLogger } from './logger.js';
import type { LogLevel, Reporter } from './reporter.js';
import { Spool, type SpoolLimits } from './spool.js';
import { Uploader } from './uploader.js';
import type { UploadTiming } from './uploader-options.js';
import { visibleText } from './visible-text.js';

export interface TaskLogOptions {
  /** Folder of the run; the log is in `log/` there. */
  runFolder: string;
  task: string;
  worker: string;
  server: LogServer;
  redactor: Redactor;
  /** For what goes wrong with the log itself. */
  logger: Pick<AgentLogger, 'warn' | 'info'>;
  /** `agent.suppress_carriage_return`: of a line that is written over and over only the last state counts. */
  suppressCarriageReturn: boolean;
  /** An earlier process has begun the log. It is held until the task's status is known, which that process may not have seen. */
  resumed?: boolean;
  /** Whether the task is not on the server any more. */
  isGone?(signal: AbortSignal): Promise<boolean>;
  /** Told everything that goes to the log, redacted. */
  echo?(text: string): void;
  limits?: Partial<SpoolLimits>;
  timing?: Partial<UploadTiming>;
  /** Bytes that may wait to be sent before `feed` asks its caller to wait. */
  aheadBytes?: number;
  now?: () => number;
}

/** In the folder of a run. */
export const LOG_FOLDER = 'log';
/** There: how far the server has the log. */
export const UPLOAD_STATE = 'upload.json';

const GONE =
  '[clearml-agent] lines below may be there twice: what this machine had of the log was removed or damaged, so the output is read from its start';

/** An unfinished line is shown this soon, milliseconds: it may be a question to the user. */
const PROMPT_MS = 500;
/** A line that is written over and over shows its state this often, milliseconds. */
const PROGRESS_MS = 2000;
/** Output is taken in pieces of this many bytes, so that a record stays small. */
const SLICE_BYTES = 32 * 1024;

/**
 * The log of one run of a task, from raw output to the server:
 *
 *   output ─► lines ─► redacted ─► spool on disk ─► uploader ─► server
 *                          └─► echo
 *
 * It survives the process: opened again on the same folder it resumes where it was, and `position` says from
 * where the workload's output is to be read again.
 */
export class TaskLog implements Reporter {
  readonly #options: TaskLogOptions;
  readonly #spool: Spool;
  readonly #uploader: Uploader;
  readonly #workload: LineAssembler;
  readonly #tools: LineAssembler;
  #toolBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #discarded = false;

  private constructor(options: TaskLogOptions, spool: Spool, uploader: Uploader) {
    this.#options = options;
    this.#spool = spool;
    this.#uploader = uploader;
    const overwrite = options.suppressCarriageReturn;
    const keep = (text: string) => options.redactor.unfinished(text);
    this.#workload = new LineAssembler({ overwrite, keep, open: spool.endsOpen });
    this.#tools = new LineAssembler({ overwrite, keep });
  }

  static async open(options: TaskLogOptions): Promise<TaskLog> {
    const folder = path.join(options.runFolder, LOG_FOLDER);
    const { task, logger } = options;
    const wake: { uploader?: Uploader } = {};
    const spool = await Spool.open({
      folder,
      onReadable: () => wake.uploader?.notify(),
      onTrouble: (cause) => sayTrouble(logger, task, cause),
      ...(options.limits ? { limits: options.limits } : {}),
      ...(options.now ? { now: options.now } : {}),
    });
    const uploader = await Uploader.start({
      spool,
      server: options.server,
      task,
      worker: options.worker,
      stateFile: path.join(folder, UPLOAD_STATE),
      warn: (line) => logger.warn(line),
      ...(options.resumed ? { held: true } : {}),
      ...(options.isGone ? { isGone: options.isGone } : {}),
      ...(options.timing ? { timing: options.timing } : {}),
      ...(options.aheadBytes ? { aheadBytes: options.aheadBytes } : {}),
      ...(options.now ? { now: options.now } : {}),
    });
    wake.uploader = uploader;
    if (spool.removed > 0) logger.warn(removedEnd(task, spool));
    const log = new TaskLog(options, spool, uploader);
    if (options.resumed && spool.isBlank) log.line(GONE, 'WARNING');
    return log;
  }

  /** Where reading of the workload's output resumes after a restart, counted in bytes. */
  get position(): number {
    return this.#spool.position;
  }

  /** Position before which the workload's output is not needed any more: it is in the spool, on disk. */
  async kept(): Promise<number> {
    await this.#spool.flush();
    return this.#spool.kept;
  }

  line(text: string, level: LogLevel = 'INFO'): void {
    this.#say(text, level, '\n');
  }

  /** The last line of a run. As in the original it has no end, which a log viewer would show as an empty line. */
  lastLine(text: string, level: LogLevel): void {
    this.#say(text, level, '');
  }

  #say(text: string, level: LogLevel, lineEnd: '\n' | ''): void {
    this.#endTools();
    const unfinished = this.#workload.flush();
    if (unfinished) this.#append(unfinished, 'DEBUG');
    const cut = this.#workload.cut();
    // Before its controls are written out, so that a secret with one is still found.
    const shown = visibleText(this.#options.redactor.redact(Buffer.from(text).toString()));
    this.#append(
      { text: `${cut ? '\n' : ''}${shown}${lineEnd}`, position: this.position },
      level,
      lineEnd === '' ? '\n' : '',
    );
  }

  output(chunk: string): void {
    const bytes = Buffer.from(chunk);
    for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
      const slice = bytes.subarray(at, at + SLICE_BYTES);
      this.#toolBytes += slice.length;
      const piece = this.#tools.push(slice, this.#toolBytes);
      if (piece) this.#append({ ...piece, position: this.position }, 'DEBUG');
    }
    this.#plan();
  }

  /**
   * Output of the workload. Resolves when more may come, or the signal aborts: memory stays flat however fast
   * the workload writes, and what a slow or absent server cannot take yet stays in the workload's own output.
   *
   * @param position position in the output after `data`, in bytes
   */
  async feed(data: Uint8Array, position: number, signal?: AbortSignal): Promise<void> {
    if (this.#discarded) return;
    this.#endTools();
    const start = position - data.length;
    for (let at = 0; at < data.length; at += SLICE_BYTES) {
      const slice = data.subarray(at, at + SLICE_BYTES);
      const piece = this.#workload.push(slice, start + at + slice.length);
      if (piece) this.#append(piece, 'DEBUG');
      await this.#spool.room();
    }
    this.#plan();
    await this.#uploader.keepUp(signal);
  }

  /** Brings everything said so far to the disk, an unfinished line as far as it goes. */
  async flush(): Promise<void> {
    this.#show();
    await this.#spool.flush();
  }

  /** The workload has ended: what was held back of its last line, which might have become a secret, is all there is. */
  endOutput(): void {
    const rest = this.#workload.end();
    if (rest) this.#append(rest, 'DEBUG');
  }

  /** While held, lines wait on the disk instead of being sent. */
  hold(held: boolean): void {
    this.#uploader.hold(held);
  }

  get isHeld(): boolean {
    return this.#uploader.isHeld;
  }

  /** Ends the log without sending the rest; later lines reach no server. */
  async discard(): Promise<void> {
    this.#discarded = true;
    if (!this.#closed) await this.detach();
  }

  /**
   * Ends the log: the last line gets its end, and all is sent. Where the signal aborts first, the rest stays
   * on disk for the next one who opens the folder.
   *
   * @returns whether the server has everything
   */
  async close(signal?: AbortSignal): Promise<boolean> {
    if (this.#discarded) return true;
    this.#uploader.hold(false);
    this.#endTools();
    this.endOutput();
    await this.#spool.flush();
    const complete = await this.#uploader.drain(signal);
    await this.detach();
    return complete;
  }

  /** Lets go of a run that keeps running: what is on disk stays there for a later process. */
  async detach(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#spool.flush();
    await this.#uploader.stop();
    await this.#spool.close();
  }

  #endTools(): void {
    const rest = this.#tools.end();
    if (rest) this.#append({ ...rest, position: this.position }, 'DEBUG');
  }

  #plan(): void {
    const states = [this.#tools.pending, this.#workload.pending];
    if (this.#timer || this.#closed || states.every((state) => state === 'nothing')) return;
    this.#timer = setTimeout(() => this.#show(), states.includes('text') ? PROMPT_MS : PROGRESS_MS);
  }

  #show(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const tools = this.#tools.flush();
    if (tools) this.#append({ ...tools, position: this.position }, 'DEBUG');
    const workload = this.#workload.flush();
    if (workload) this.#append(workload, 'DEBUG');
  }

  /** @param behind what the echo alone gets after it */
  #append({ text, position }: Piece, level: LogLevel, behind = ''): void {
    const shown = this.#options.redactor.redact(text);
    const time = (this.#options.now ?? Date.now)();
    if (!this.#discarded) this.#spool.append({ time, level, text: shown, position });
    this.#options.echo?.(`${shown}${behind}`);
  }
}

function removedEnd(task: string, { removed, position }: Spool): string {
  return `the log of task ${task} on disk ended with ${removed} bytes that were cut short or damaged; they were removed, and the output is read again from byte ${position}`;
}

function sayTrouble(logger: TaskLogOptions['logger'], task: string, cause: string | undefined): void {
  if (cause === undefined) logger.info(`the log of task ${task} is written to disk again`);
  else logger.warn(`the log of task ${task} cannot be written to disk (${cause}); trying again until it can`);
}
