import { setTimeout as sleep } from 'node:timers/promises';
import { exitCodeOf, type PodCommand, type PodContainer } from './pod-exec.js';
import type { PodSession } from './pod-session.js';

export interface PodSessionsOptions {
  where: PodContainer;
  open(signal: AbortSignal | undefined): Promise<Pick<PodSession, 'ready' | 'isOver' | 'run' | 'close'>>;
  /** Shells that are kept open, once `ahead` was called. */
  most: number;
}

type Session = Awaited<ReturnType<PodSessionsOptions['open']>>;

/** A connection that idles longer may be cut silently by what lies between. */
const KEPT_MS = 10_000;
/** Of a container that has not started; each question costs the API server and the kubelet. */
const TRIES = 20;
const FIRST_TRY_MS = 250;
const TRY_AGAIN_MS = 150;
/**
 * Runs commands in a container by shells that were opened before they were needed: to open one takes longer than what most
 * commands of a set-up do.
 */
export class PodSessions {
  readonly #options: PodSessionsOptions;
  readonly #spare = new Map<Session, NodeJS.Timeout>();
  readonly #closed = new AbortController();
  #opening = 0;
  #refills = false;

  constructor(options: PodSessionsOptions) {
    this.#options = options;
  }

  /** As `execInPod`. */
  async exec(command: PodCommand): Promise<number> {
    const { where, open } = this.#options;
    const session = this.#take() ?? (await open(command.signal));
    return exitCodeOf(where, await session.run(command));
  }

  /** Opens shells for the next commands, in place of used ones, too. A command opens its own where that fails. */
  ahead(): void {
    this.#refills = true;
    this.#fill();
  }

  /** No more shells are opened before they are needed. */
  rest(): void {
    this.#refills = false;
  }

  /** The same for a container that has not started yet, as far as anybody knows; gives up after some seconds. */
  async aheadOfStart(signal: AbortSignal): Promise<void> {
    const ends = AbortSignal.any([signal, this.#closed.signal]);
    const pause = (ms: number) => sleep(ms, undefined, { signal: ends }).catch(() => undefined);
    await pause(FIRST_TRY_MS);
    for (let tries = 0; tries < TRIES && !ends.aborted; tries++) {
      if (await this.#add()) return;
      await pause(TRY_AGAIN_MS);
    }
  }

  /** Ends the shells that were not needed. */
  close(): void {
    this.rest();
    this.#closed.abort();
    for (const session of [...this.#spare.keys()]) this.#drop(session);
  }

  #take(): Session | undefined {
    for (const session of [...this.#spare.keys()]) if (session.isOver) this.#drop(session);
    const [session] = this.#spare.keys();
    if (session !== undefined) {
      clearTimeout(this.#spare.get(session));
      this.#spare.delete(session);
    }
    if (this.#refills) this.#fill();
    return session;
  }

  #fill(): void {
    const { most } = this.#options;
    for (let missing = most - this.#spare.size - this.#opening; missing > 0; missing--) void this.#add();
  }

  /** @returns whether a shell has started */
  async #add(): Promise<boolean> {
    const { signal } = this.#closed;
    let close = () => undefined as unknown;
    this.#opening += 1;
    try {
      const session = await this.#options.open(signal);
      close = () => session.close();
      signal.addEventListener('abort', close);
      await session.ready;
      this.#spare.set(
        session,
        setTimeout(() => this.#drop(session), KEPT_MS),
      );
      return true;
    } catch {
      return false;
    } finally {
      this.#opening -= 1;
      signal.removeEventListener('abort', close);
    }
  }

  #drop(session: Session): void {
    clearTimeout(this.#spare.get(session));
    this.#spare.delete(session);
    session.close();
  }
}
