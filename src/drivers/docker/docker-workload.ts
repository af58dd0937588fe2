import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentError, causeLine, isAgentError } from '../../errors.js';
import { handlesSignal, isInGroup } from '../../os/signal-handling.js';
import type { OutputChunk, Workload, WorkloadExit } from '../driver.js';
import type { ContainerState } from './containers/container-state.js';
import type { DockerWorkloadRef } from './docker-ref.js';
import type { Engine } from './engine.js';

export interface DockerWorkloadOptions {
  engine: Engine;
  ref: DockerWorkloadRef;
  tty: boolean;
  /** The engine starts the container again by a restart policy. */
  restarts: boolean;
  /** Ends all watching when the daemon leaves; the container runs on. */
  signal: AbortSignal;
  /** How long an engine that does not answer is waited for. */
  patienceMs?: number;
}

/** An engine that is being restarted comes back; until then it is asked this often. */
const RETRY_MS = 1000;
/** Longer than installing a new engine takes. */
const PATIENCE_MS = 15 * 60_000;
/** An engine that has just come up needs this long until it has started what is to run always. */
const RESTART_MS = 10_000;
/** What a stop may take beyond the grace. */
const STOP_MS = 60_000;

/** A command that is a container's own process. */
export class DockerWorkload implements Workload {
  readonly ref: DockerWorkloadRef;
  readonly exited: Promise<WorkloadExit>;
  readonly #options: DockerWorkloadOptions;
  #stopped = false;

  constructor(options: DockerWorkloadOptions) {
    this.ref = options.ref;
    this.#options = options;
    this.exited = this.#watch();
  }

  /**
   * Positions are bytes of the container's output from its start. The engine is asked for all of it and what
   * is known already is let go of piece by piece, so nothing is lost or doubled after a restart of the agent,
   * of the engine or, by its restart policy, of the container.
   */
  async *output(position: number, signal: AbortSignal): AsyncGenerator<OutputChunk> {
    const { engine, tty, restarts } = this.#options;
    let at = position;
    for (let last = false; !signal.aborted; ) {
      let whole = false;
      let skip = at;
      try {
        for await (const data of engine.logs(this.ref.container, tty, signal)) {
          const fresh = data.subarray(Math.min(skip, data.length));
          skip -= data.length - fresh.length;
          if (fresh.length === 0) continue;
          at += fresh.length;
          yield { data: fresh, position: at };
        }
        whole = true;
      } catch (error) {
        if (isUnreadable(error)) return;
      }
      if (last) return;
      last = await this.#isOver(signal);
      if (last && whole && !restarts) return;
    }
  }

  /**
   * The image's stop signal, then the kill, by the engine; again until it has ended.
   *
   * @param kill ends the grace early
   * @throws AgentError PROCESS_STUCK, DOCKER_ENGINE when the engine does not answer
   */
  async stop(graceMs: number, kill?: AbortSignal): Promise<void> {
    this.#stopped = true;
    const deadline = Date.now() + graceMs + STOP_MS;
    const killNow = () => void this.#kill();
    kill?.addEventListener('abort', killNow);
    try {
      for (let grace = kill?.aborted ? 0 : Math.ceil(graceMs / 1000); ; grace = 0) {
        const problem = await this.#stopOnce(grace);
        if (problem === undefined) return;
        if (Date.now() > deadline) throw problem;
        await sleep(RETRY_MS);
        await this.#kill();
      }
    } finally {
      kill?.removeEventListener('abort', killNow);
    }
  }

  async #kill(): Promise<void> {
    await this.#options.engine.kill(this.ref.container, 'SIGKILL').catch(() => undefined);
  }

  /** `undefined` when nothing of it runs any more. */
  async #stopOnce(graceSeconds: number): Promise<unknown> {
    const { engine } = this.#options;
    const { container } = this.ref;
    try {
      const state = await engine.inspect(container);
      // A paused container would take no signal.
      if (state?.paused) await engine.unpause(container);
      await engine.stop(container, state && (await ignoresStop(state)) ? 0 : graceSeconds);
      if (!(await engine.inspect(container))?.running) return undefined;
      return new AgentError('PROCESS_STUCK', `container ${container.slice(0, 12)} survives SIGKILL`);
    } catch (error) {
      return error;
    }
  }

  async #watch(): Promise<WorkloadExit> {
    const { engine, signal, patienceMs = PATIENCE_MS } = this.#options;
    let silentSince: number | undefined;
    while (!signal.aborted) {
      try {
        await engine.wait(this.ref.container, signal);
        const state = await engine.inspect(this.ref.container);
        silentSince = undefined;
        if (state === undefined) return { kind: 'lost', reason: 'its container was removed from outside' };
        if (!state.running && (await this.#isFinal(state))) return exitOf(state);
      } catch (error) {
        // An engine may be restarted, which a container can outlive.
        if (isAgentError(error, 'DOCKER_ENGINE')) silentSince ??= Date.now();
        if (silentSince !== undefined && Date.now() - silentSince > patienceMs && !signal.aborted)
          return { kind: 'lost', reason: causeLine(error) };
      }
      await this.#pause(signal);
    }
    return new Promise<never>(() => undefined);
  }

  /** Whether the engine has given up starting the container again by its restart policy. */
  async #isFinal(ended: ContainerState): Promise<boolean> {
    const { engine, signal } = this.#options;
    const deadline = Date.now() + RESTART_MS;
    while (!this.#stopped && comesBack(ended) && Date.now() < deadline && !signal.aborted) {
      await this.#pause(signal);
      if ((await engine.inspect(this.ref.container))?.running) return false;
    }
    return !signal.aborted;
  }

  /** Waits until there may be more to read; `true` when there will be none. */
  async #isOver(signal: AbortSignal): Promise<boolean> {
    const { engine } = this.#options;
    const ended = this.exited.then(() => true);
    while (!signal.aborted) {
      if (await Promise.race([ended, this.#pause(signal)])) return true;
      const state = await engine.inspect(this.ref.container).catch(() => undefined);
      if (state?.running && !state.restarting) return false;
    }
    return false;
  }

  async #pause(signal: AbortSignal): Promise<false> {
    await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
    return false;
  }
}

/**
 * The first process of a container gets no signal that it has no handler for, so there is nothing to wait for.
 * Only told where the container is seen to be one of this machine.
 */
async function ignoresStop({ id, pid, stopSignal }: ContainerState): Promise<boolean> {
  return pid > 0 && (await isInGroup(pid, id)) && (await handlesSignal(pid, stopSignal)) === false;
}

/** Whether the engine starts a container again that has ended so. */
function comesBack({ exitCode, restart: { policy, most, count } }: ContainerState): boolean {
  if (policy === 'on-failure') return exitCode !== 0 && (most === 0 || count < most);
  return policy !== 'no';
}

/** A log driver of the arguments that only sends output away. */
function isUnreadable(error: unknown): boolean {
  return error instanceof Error && error.message.includes('does not support reading');
}

/** 128 + n is how the engine tells the death by signal n. */
export function exitOf(state: Pick<ContainerState, 'exitCode' | 'oomKilled'>): WorkloadExit {
  const { exitCode, oomKilled } = state;
  const memory = oomKilled ? { oomKilled } : {};
  const signal = Object.entries(constants.signals).find(([, number]) => number === exitCode - 128)?.[0];
  if (signal === undefined) return { kind: 'exited', code: exitCode, ...memory };
  return { kind: 'signalled', signal, ...memory };
}
