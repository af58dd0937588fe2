import { once } from 'node:events';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { API_ERRORS, ApiError, type ApiErrorName } from '../api-error.js';
import type { ReaderData, ReadJob, ReadOutcome, Refusal } from './jobs.js';

/** In a checkout the program is TypeScript, which takes the loader of this process. */
const EXTENSION = path.extname(import.meta.filename);
const PROGRAM = new URL(`./reader-thread${EXTENSION}`, import.meta.url);

/** Why a job was not done: the thread could not read, or ended. The server reads itself then. */
export class ReaderFailure extends Error {}

/** Milliseconds without a job after which the thread ends, and its memory is free. */
const IDLE_MS = 60_000;

/** Reads that take long, on a thread with a connection of its own, so that other requests do not wait for them. */
export class Reader {
  readonly #data: ReaderData;
  readonly #waiting = new Map<number, (outcome: ReadOutcome) => void>();
  #worker: Promise<Worker> | undefined;
  #current: Worker | undefined;
  #lastId = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(data: ReaderData) {
    this.#data = data;
  }

  /** @throws ApiError as the call does; ReaderFailure */
  async run(job: ReadJob): Promise<Exclude<ReadOutcome, { refusal: Refusal } | { failure: string }>> {
    this.#worker ??= this.#start();
    const worker = await this.#worker;
    clearTimeout(this.#idle);
    const id = ++this.#lastId;
    const outcome = await new Promise<ReadOutcome>((resolve) => {
      this.#waiting.set(id, resolve);
      worker.postMessage({ id, job });
    });
    if (this.#waiting.size === 0) this.#idle = setTimeout(() => void this.close(), IDLE_MS).unref();
    if ('failure' in outcome) throw new ReaderFailure(outcome.failure);
    if ('refusal' in outcome) throw new ReadRefusal(outcome.refusal);
    return outcome;
  }

  /** Waits for the job that runs. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    const ending = this.#worker;
    this.#worker = undefined;
    const worker = await ending?.catch(() => undefined);
    if (worker === undefined || worker.threadId < 0) return;
    const gone = once(worker, 'exit');
    // It does not keep the program running, which would end here with the database open.
    worker.ref();
    worker.postMessage({ id: 0, job: { kind: 'end' } });
    await gone;
  }

  async #start(): Promise<Worker> {
    const execArgv = EXTENSION === '.ts' ? process.execArgv : [];
    const worker = new Worker(PROGRAM, { workerData: this.#data, execArgv });
    worker.unref();
    worker.once('exit', () => {
      if (this.#current !== worker) return;
      this.#worker = undefined;
      for (const settle of this.#waiting.values()) settle({ failure: 'the thread of readers ended' });
      this.#waiting.clear();
    });
    const started = new AbortController();
    const { signal } = started;
    try {
      const [word] = await Promise.race([
        once(worker, 'message', { signal }),
        once(worker, 'exit', { signal }),
      ]);
      if (word !== 'ready') throw new Error(`it ended with ${word}`);
    } catch (error) {
      this.#worker = undefined;
      throw new ReaderFailure('the thread of readers did not start', { cause: error });
    } finally {
      started.abort();
    }
    this.#current = worker;
    worker.on('error', () => undefined);
    worker.on('message', ({ id, ...outcome }: ReadOutcome & { id: number }) => {
      this.#waiting.get(id)?.(outcome);
      this.#waiting.delete(id);
    });
    return worker;
  }
}

/** A refusal of a call that ran elsewhere. */
class ReadRefusal extends ApiError {
  constructor({ status, subcode, data, message }: Refusal) {
    const name = Object.keys(API_ERRORS).find((each) => {
      const [ofStatus, ofSubcode] = API_ERRORS[each as ApiErrorName];
      return ofStatus === status && ofSubcode === subcode;
    });
    super((name ?? 'general_error') as ApiErrorName, data);
    this.message = message;
  }
}
