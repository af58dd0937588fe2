import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import { AgentError, causeLine, isAgentError } from '../../errors.js';
import { InsideOutput } from '../container/inside-output.js';
import type { OutputChunk, Workload, WorkloadExit } from '../driver.js';
import { NoteQueue } from '../note-queue.js';
import type { Cluster } from './cluster.js';
import type { KubernetesWorkloadRef } from './kubernetes-ref.js';
import type { PodBoard, PodView } from './pod-board.js';
import { execInPod, type RunInPod } from './pod-exec.js';
import { followInPod } from './pod-follow.js';
import { OUTPUT_INSIDE, RELEASE_KEEPER, REST, SIGNAL_TASK, wholeRest } from './pod-scripts.js';
import { exitOfPod, KEEPER_CONTAINER, lostWithNode, TASK_CONTAINER } from './pod-state.js';

export interface KubernetesWorkloadOptions {
  ref: KubernetesWorkloadRef;
  cluster: Cluster;
  board: PodBoard;
  /** Runs commands in the second container. */
  inKeeper: RunInPod;
  /** Ends all watching when the daemon leaves; the pod runs on. */
  signal: AbortSignal;
}

const ASK_AGAIN_MS = 500;
/** A pod that is to end and does not is looked at so often. */
const LOOK_MS = 15_000;
/** What the end of a container may take beyond the grace. */
const END_MS = 20_000;
/** While the API server is away a command cannot be stopped. */
const AWAY_MS = 10 * 60_000;
const AWAY_AGAIN_MS = 2000;
/** What the deletion of a pod may take. */
const DELETE_MS = 120_000;

/** A command that is the process of a pod's first container. */
export class KubernetesWorkload implements Workload {
  readonly ref: KubernetesWorkloadRef;
  readonly exited: Promise<WorkloadExit>;
  readonly #options: KubernetesWorkloadOptions;
  readonly #notes = new NoteQueue();
  readonly #complete = new AbortController();
  readonly #output: InsideOutput;
  #isAway = false;

  constructor(options: KubernetesWorkloadOptions) {
    this.#options = options;
    this.ref = options.ref;
    const { inKeeper } = options;
    this.#output = new InsideOutput({
      file: OUTPUT_INSIDE,
      follow: (argv, signal) => followInPod(inKeeper, argv, signal),
      rest: (position) => this.#rest(position),
      run: inKeeper,
    });
    this.exited = this.#watch();
    void this.exited.then(() => this.#complete.abort());
  }

  async *output(position: number, signal: AbortSignal): AsyncGenerator<OutputChunk> {
    const left = new AbortController();
    const pieces = this.#output.read({
      position,
      signal: AbortSignal.any([signal, left.signal]),
      complete: this.#complete.signal,
    });
    yield* this.#notes.between(pieces, position, signal, () => left.abort());
    // A pod that is being deleted need not wait for its grace.
    if (this.#complete.signal.aborted && !signal.aborted) await this.#release();
  }

  release(position: number): Promise<void> {
    return this.#output.release(position);
  }

  /**
   * TERM to the command, KILL after the grace; where that does not end it, the deletion of the pod does.
   *
   * @throws AgentError PROCESS_STUCK; KUBERNETES for an API server that is away for ten minutes
   */
  async stop(graceMs: number, kill?: AbortSignal): Promise<void> {
    const begun = performance.now();
    for (;;) {
      try {
        await this.#end(graceMs, kill);
        return;
      } catch (error) {
        if (!isAgentError(error, 'KUBERNETES') || performance.now() - begun > AWAY_MS) throw error;
        await sleep(AWAY_AGAIN_MS);
      }
    }
  }

  /** @throws AgentError PROCESS_STUCK, KUBERNETES */
  async #end(graceMs: number, kill: AbortSignal | undefined): Promise<void> {
    const { cluster } = this.#options;
    const { pod } = this.ref;
    if (await this.#isOver()) return;
    if (graceMs > 0 && !kill?.aborted) {
      // The kubelet sends TERM where the container takes no command.
      if (!(await this.#signalled('TERM'))) await cluster.deletePod(pod, Math.ceil(graceMs / 1000));
      if (await this.#ends(graceMs, kill)) return;
    }
    if ((await this.#signalled('KILL')) && (await this.#ends(END_MS))) return;
    await cluster.deletePod(pod, 1);
    if (await this.#ends(DELETE_MS)) return;
    throw new AgentError('PROCESS_STUCK', `pod ${pod} does not end`, {
      hint: `See its state with "kubectl describe pod ${pod}".`,
    });
  }

  /** False where the container takes no command: its node is lost, or the command has another user. */
  async #signalled(signal: 'TERM' | 'KILL'): Promise<boolean> {
    const argv = ['/bin/sh', '-c', SIGNAL_TASK, 'sh', signal];
    const where = { pod: this.ref.pod, container: TASK_CONTAINER };
    const limit = AbortSignal.timeout(END_MS);
    const ended = execInPod(this.#options.cluster, where, { argv, onOutput: () => undefined, signal: limit });
    return (await ended.catch(() => undefined)) === 0 || (await this.#isOver());
  }

  /** Whether nothing of the command is alive within the time. */
  async #ends(limitMs: number, hurry?: AbortSignal): Promise<boolean> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const isOver = await this.#isOver().catch((error: unknown) => {
        if (isAgentError(error, 'KUBERNETES')) return false;
        throw error;
      });
      if (isOver) return true;
      if (performance.now() > deadline || hurry?.aborted) return false;
      const signal = hurry === undefined ? {} : { signal: hurry };
      await sleep(ASK_AGAIN_MS, undefined, signal).catch(() => undefined);
    }
  }

  /** @throws AgentError KUBERNETES */
  async #isOver(): Promise<boolean> {
    const pod = await this.#options.cluster.pod(this.ref.pod);
    return pod === undefined || exitOfPod(pod) !== undefined;
  }

  #watch(): Promise<WorkloadExit> {
    const { board, signal, ref } = this.#options;
    return new Promise((resolve) => {
      let last: V1Pod | undefined;
      const end = (exit: WorkloadExit | undefined) => {
        if (exit === undefined) return;
        rest();
        resolve(exit);
      };
      const unwatch = board.watch(ref.pod, (view) => {
        this.#say(view);
        if (view.kind === 'away') return;
        last = view.kind === 'pod' ? view.pod : (view.last ?? last);
        end(last && exitOfPod(last));
        if (view.kind === 'gone')
          end({ kind: 'lost', reason: `pod ${ref.pod} was deleted outside the agent` });
      });
      const timer = setInterval(() => end(last && lostWithNode(last, Date.now())), LOOK_MS);
      const rest = () => {
        clearInterval(timer);
        unwatch();
        signal.removeEventListener('abort', rest);
      };
      // The promise stays open: the next daemon watches on.
      signal.addEventListener('abort', rest);
    });
  }

  #say(view: PodView): void {
    if (view.kind === 'away' && !this.#isAway)
      this.#notes.add(
        `the Kubernetes API server is away (${view.words}); the pod is not affected, and the agent keeps asking`,
      );
    else if (view.kind !== 'away' && this.#isAway) this.#notes.add('the Kubernetes API server answers again');
    this.#isAway = view.kind === 'away';
  }

  /** What the command wrote and was not read while it ran. The second container has it as long as the pod is there. */
  async *#rest(position: number): AsyncGenerator<Uint8Array> {
    const { cluster, ref, inKeeper, signal } = this.#options;
    const pod = await cluster.pod(ref.pod);
    const keeper = pod?.status?.containerStatuses?.find(({ name }) => name === KEEPER_CONTAINER);
    if (keeper?.state?.running === undefined) {
      const size = Number.parseInt(keeper?.state?.terminated?.message ?? '', 10);
      if (size > position)
        this.#notes.add(`the last ${size - position} bytes of the output are lost with pod ${ref.pod}`);
      else if (Number.isNaN(size))
        this.#notes.add(`pod ${ref.pod} is gone: what its command printed last is lost`);
      return;
    }
    const argv = ['/bin/sh', '-c', REST, 'sh', String(position + 1), OUTPUT_INSIDE];
    yield* wholeRest(followInPod(inKeeper, argv, signal), position);
  }

  async #release(): Promise<void> {
    const argv = ['/bin/sh', '-c', RELEASE_KEEPER];
    await this.#options
      .inKeeper({ argv, onOutput: () => undefined })
      .catch((error: unknown) => causeLine(error));
  }
}
