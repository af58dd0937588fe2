import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OutputChunk, Workload, WorkloadExit } from '../driver.js';
import type { ContainerState } from './container-state.js';
import type { DockerWorkloadRef } from './docker-ref.js';
import type { Engine } from './engine.js';

export interface DockerWorkloadOptions {
  engine: Engine;
  ref: DockerWorkloadRef;
  tty: boolean;
  /** Ends all watching when the daemon leaves; the container runs on. */
  signal: AbortSignal;
}

/** An engine that is being restarted comes back; until then it is asked this often. */
const RETRY_MS = 1000;

/** A command that is a container's own process. */
export class DockerWorkload implements Workload {
  readonly ref: DockerWorkloadRef;
  readonly exited: Promise<WorkloadExit>;
  readonly #options: DockerWorkloadOptions;

  constructor(options: DockerWorkloadOptions) {
    this.ref = options.ref;
    this.#options = options;
    this.exited = this.#watch();
  }

  /**
   * Positions are bytes of the container's output from its start. The engine is asked for all of it and what
   * is known already is skipped, so nothing is lost or doubled after a restart of either.
   */
  async *output(position: number, signal: AbortSignal): AsyncGenerator<OutputChunk> {
    const { engine, tty } = this.#options;
    let at = position;
    while (!signal.aborted) {
      let skip = at;
      try {
        for await (const data of engine.logs(this.ref.container, tty, signal)) {
          const fresh = data.subarray(Math.min(skip, data.length));
          skip -= data.length - fresh.length;
          if (fresh.length === 0) continue;
          at += fresh.length;
          yield { data: fresh, position: at };
        }
      } catch {
        // The engine went away in the middle of it; whether there is more is asked below.
      }
      if (await this.#hasEnded()) return;
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** The image's stop signal, then the kill, by the engine; again by us when it is still there. */
  async stop(graceMs: number): Promise<void> {
    const { engine } = this.#options;
    await engine.stop(this.ref.container, Math.ceil(graceMs / 1000));
    const state = await engine.inspect(this.ref.container);
    if (state?.running) await engine.kill(this.ref.container, 'SIGKILL');
  }

  async #watch(): Promise<WorkloadExit> {
    const { engine, signal } = this.#options;
    while (!signal.aborted) {
      try {
        await engine.wait(this.ref.container, signal);
        const state = await engine.inspect(this.ref.container);
        if (state === undefined) return { kind: 'lost', reason: 'its container was removed from outside' };
        if (!state.running) return exitOf(state);
      } catch {
        // No answer: the engine is being restarted, which a container can outlive.
      }
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
    return new Promise<never>(() => undefined);
  }

  async #hasEnded(): Promise<boolean> {
    try {
      const state = await this.#options.engine.inspect(this.ref.container);
      return state === undefined || !state.running;
    } catch {
      return false;
    }
  }
}

/** 128 + n is how the engine tells the death by signal n. */
export function exitOf(state: Pick<ContainerState, 'exitCode' | 'oomKilled'>): WorkloadExit {
  const { exitCode, oomKilled } = state;
  const signal = Object.entries(constants.signals).find(([, number]) => number === exitCode - 128)?.[0];
  if (signal === undefined) return { kind: 'exited', code: exitCode };
  return { kind: 'signalled', signal, ...(oomKilled ? { oomKilled } : {}) };
}
