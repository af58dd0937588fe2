import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Worker } from 'node:worker_threads';
import PQueue from 'p-queue';
import { nextMessage, startWorker } from '../worker-thread.js';

/** Rounds of bcrypt for new passwords, as a power of two: about 0.3 s. */
const COST = 12;
/** bcrypt reads no more of a password. */
export const MAX_PASSWORD_BYTES = 72;

/** What a user's password is checked against. */
export type StoredPassword =
  | { readonly plain: string }
  /** bcrypt in base64, as the released server has it in its configuration. */
  | { readonly hash: string };

/** A bcrypt hash in base64. */
export function isPasswordHash(text: string): boolean {
  return /^\$2[aby]\$(?:0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/.test(
    Buffer.from(text, 'base64').toString('latin1'),
  );
}

const PROGRAM = new URL('./bcrypt-worker.mjs', import.meta.url);

interface Answer {
  matches?: boolean;
  hash?: string;
}

/** Hashes and checks passwords on a thread of its own: bcrypt takes its time on purpose, and other requests do not wait for it. */
export class Passwords {
  readonly #jobs = new PQueue({ concurrency: 1 });
  readonly #key = randomBytes(32);
  /** Passwords that were right, as digests by the hash that they fit. */
  readonly #known = new Map<string, Buffer>();
  #worker: Promise<Worker> | undefined;

  /** Whether a password is the stored one. */
  async check(password: string, stored: StoredPassword): Promise<boolean> {
    const digest = this.#digest(password);
    if ('plain' in stored) return timingSafeEqual(digest, this.#digest(stored.plain));
    const known = this.#known.get(stored.hash);
    if (known !== undefined && timingSafeEqual(digest, known)) return true;
    const hash = Buffer.from(stored.hash, 'base64').toString('latin1');
    const { matches = false } = await this.#ask({ password, hash });
    if (matches) this.#known.set(stored.hash, digest);
    return matches;
  }

  /** A new hash, in base64. */
  async hash(password: string): Promise<StoredPassword & { hash: string }> {
    const { hash = '' } = await this.#ask({ password, cost: COST });
    return { hash: Buffer.from(hash, 'latin1').toString('base64') };
  }

  async close(): Promise<void> {
    this.#jobs.clear();
    const worker = await this.#worker?.catch(() => undefined);
    await worker?.terminate();
  }

  #digest(password: string): Buffer {
    return createHmac('sha256', this.#key).update(password).digest();
  }

  /** @throws Error when the thread ends before it answers; the next call starts another one */
  #ask(request: { password: string; hash?: string; cost?: number }): Promise<Answer> {
    return this.#jobs.add(async () => {
      try {
        this.#worker ??= startWorker(PROGRAM);
        const worker = await this.#worker;
        worker.postMessage(request);
        return (await nextMessage(worker)) as Answer;
      } catch (error) {
        this.#worker = undefined;
        throw new Error('the thread that checks passwords ended', { cause: error });
      }
    });
  }
}
