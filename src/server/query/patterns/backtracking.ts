import type { Worker } from 'node:worker_threads';
import PQueue from 'p-queue';
import { startWorker } from '../../worker-thread.js';
import type { ReadPattern } from './read-pattern.js';

/** For the texts of one request, on a thread that is ready; a loaded machine gives it little of that time. */
const LIMIT_MS = 1000;

const PROGRAM = new URL('./backtracking-worker.mjs', import.meta.url);

interface Answer {
  id: number;
  matches?: boolean[];
  failure?: string;
}

export type Matching = { matches: boolean[] } | { failure: string };

/**
 * Matches patterns that need backtracking (lookaround, backreferences) on a thread of its own. A match that takes too long
 * ends the thread, and the next one gets a new thread.
 */
export class Backtracking {
  readonly #jobs = new PQueue({ concurrency: 1 });
  #worker: Promise<Worker> | undefined;
  #lastId = 0;

  match(pattern: ReadPattern, texts: readonly string[]): Promise<Matching> {
    return this.#jobs.add(() => this.#match(pattern, texts));
  }

  async close(): Promise<void> {
    this.#jobs.clear();
    const worker = await this.#worker?.catch(() => undefined);
    await worker?.terminate();
  }

  /** @throws Error when the thread does not start; the next call tries again */
  async #running(): Promise<Worker> {
    this.#worker ??= startWorker(PROGRAM);
    try {
      return await this.#worker;
    } catch (error) {
      this.#worker = undefined;
      throw error;
    }
  }

  async #match({ source, flags }: ReadPattern, texts: readonly string[]): Promise<Matching> {
    const worker = await this.#running();
    const id = ++this.#lastId;
    worker.postMessage({ id, source, flags, texts });
    const answer = await answerWithin(worker, id);
    if (answer === undefined) {
      this.#worker = undefined;
      await worker.terminate();
      return { failure: `matching takes longer than ${LIMIT_MS} ms` };
    }
    return answer.matches === undefined ? { failure: answer.failure ?? '' } : { matches: answer.matches };
  }
}

/** The answer of the thread; `undefined` if it does not come in time. */
function answerWithin(worker: Worker, id: number): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const take = (answer: Answer) => {
      if (answer.id === id) end(answer);
    };
    const end = (answer?: Answer) => {
      clearTimeout(timer);
      worker.off('message', take);
      worker.off('exit', fail);
      resolve(answer);
    };
    const fail = () => end();
    // An answer that came while this thread was busy is read first.
    const timer = setTimeout(() => setImmediate(fail), LIMIT_MS);
    worker.on('message', take);
    worker.on('exit', fail);
  });
}
