import { setTimeout as sleep } from 'node:timers/promises';
import { AgentError, causeLine, isAgentError } from '../../errors.js';
import { memoryKills } from '../../os/kernel-log.js';
import { isInGroup, takesSignal } from '../../os/signal-handling.js';
import type { ContainerOutput } from '../container/container-output.js';
import { exitOf } from '../container/exit-code.js';
import type { OutputChunk, Workload, WorkloadExit } from '../driver.js';
import type { ContainerState } from './containers/container-state.js';
import type { DockerWorkloadRef } from './docker-ref.js';
import type { Engine } from './engine.js';
import { killsBeforeCommand } from './waiting-command.js';

export interface DockerWorkloadOptions {
  engine: Engine;
  ref: DockerWorkloadRef;
  output: ContainerOutput;
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
/** Times the log of an ended container is read for its count of killed processes. */
const LOG_TRIES = 4;
/** What a stop may take beyond the grace. */
const STOP_MS = 60_000;

/** A command that is a container's own process. */
export class DockerWorkload implements Workload {
  readonly ref: DockerWorkloadRef;
  readonly exited: Promise<WorkloadExit>;
  readonly #options: DockerWorkloadOptions;
  readonly #ended = new AbortController();
  #stopped = false;

  constructor(options: DockerWorkloadOptions) {
    this.ref = options.ref;
    this.#options = options;
    this.exited = this.#watch();
    void this.exited.then(() => this.#ended.abort());
  }

  output(position: number, signal: AbortSignal): AsyncIterable<OutputChunk> {
    return this.#options.output.read({ position, signal, complete: this.#ended.signal });
  }

  release(position: number): Promise<void> {
    return this.#options.output.release(position);
  }

  /**
   * The image's stop signal, then the kill, by the engine; again until it has ended.
   *
   * @param kill ends the grace early
   * @throws AgentError PROCESS_STUCK, DOCKER_ENGINE when the engine does not answer
   */
  async stop(graceMs: number, kill?: AbortSignal): Promise<void> {
    this.#stopped = true;
    const begun = performance.now();
    // An engine that is away for a moment does not take the grace from the command.
    const left = () => (kill?.aborted ? 0 : Math.max(0, graceMs - (performance.now() - begun)));
    const killNow = () => void this.#kill();
    kill?.addEventListener('abort', killNow);
    try {
      for (;;) {
        const problem = await this.#stopOnce(Math.ceil(left() / 1000));
        if (problem === undefined) return;
        if (performance.now() - begun > graceMs + STOP_MS) throw problem;
        await sleep(RETRY_MS);
        if (left() === 0) await this.#kill();
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
        if (!state.running && (await this.#isFinal(state))) return exitOf(await this.#explained(state));
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

  /**
   * The engine's word about memory is about all of the container's life, the set-up of the task included, and Podman 4
   * says nothing: its conmon leaves the note in the folder of the service, and Podman looks elsewhere.
   */
  async #explained(state: ContainerState): Promise<ContainerState> {
    const kills = memoryKills(state.id);
    if (!state.oomKilled && kills === 0) return state;
    try {
      const before = await this.#killsBefore(state);
      if (before === undefined) return state;
      return { ...state, oomKilled: before === 0 || kills > before };
    } catch {
      return { ...state, oomKilled: true }; // the arguments name a log driver that cannot be read
    }
  }

  /** Under load, Podman 4.3 gives an empty log for a container that has just ended. */
  async #killsBefore({ id, tty }: ContainerState): Promise<number | undefined> {
    const { engine, signal } = this.#options;
    for (let tries = 1; ; tries++) {
      const said: Uint8Array[] = [];
      for await (const data of engine.logs(id, tty, signal)) said.push(data);
      const kills = killsBeforeCommand(Buffer.concat(said).toString());
      if (kills !== undefined || tries === LOG_TRIES) return kills;
      await this.#pause(signal);
    }
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

  async #pause(signal: AbortSignal): Promise<void> {
    await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
  }
}

/**
 * The first process of a container gets no signal that it neither handles nor waits for: there is no end to wait for.
 * Known only if the container runs on this machine.
 */
async function ignoresStop({ id, pid, stopSignal }: ContainerState): Promise<boolean> {
  return pid > 0 && (await isInGroup(pid, id)) && (await takesSignal(pid, stopSignal)) === false;
}

/** Whether the engine starts a container again that has ended so. */
function comesBack({ exitCode, restart: { policy, most, count } }: ContainerState): boolean {
  if (policy === 'on-failure') return exitCode !== 0 && (most === 0 || count < most);
  return policy !== 'no';
}
