import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import { causeLine } from '../../errors.js';
import type { Cluster, WatchEvent } from './cluster.js';
import { hasStatus, StatusError } from './cluster-errors.js';

/** What is known of a pod. */
export type PodView =
  | { kind: 'pod'; pod: V1Pod }
  /** The object is gone; `last` is what it was, where that was seen. */
  | { kind: 'gone'; last: V1Pod | undefined }
  /** The API server gives no answer. */
  | { kind: 'away'; words: string };

export interface PodBoardOptions {
  cluster: Pick<Cluster, 'pods' | 'watchPods'>;
  /** Labels of all pods of this agent. */
  selector: string;
  /** Ends all watching. */
  signal: AbortSignal;
  /** How long a watch may bring nothing before another one begins, in milliseconds. */
  silenceMs?: number;
  /** Pause after a failure, in milliseconds. */
  pauseMs?: number;
}

/** Bookmarks come about once a minute. */
const SILENCE_MS = 150_000;
const PAUSE_MS = 1000;
const UNSEEN_MS = 5000;
const LONGEST_PAUSE_MS = 15_000;

/** The pods of an agent by one list and one watch, however many they are. */
export class PodBoard {
  readonly #options: PodBoardOptions;
  readonly #views = new EventEmitter().setMaxListeners(0);
  readonly #pods = new Map<string, V1Pod>();
  #watched = 0;
  #stop: AbortController | undefined;
  /** The API server gave no answer the last time. */
  #away: string | undefined;
  #isListed = false;

  constructor(options: PodBoardOptions) {
    this.#options = options;
  }

  /**
   * Calls back with what is known of a pod, now and at each change.
   *
   * @param pod name of one that exists; it is `gone` once a list does not have it
   * @returns what ends that
   */
  watch(pod: string, look: (view: PodView) => void): () => void {
    this.#views.on(pod, look);
    this.#watched += 1;
    const known = this.#pods.get(pod);
    if (known !== undefined) queueMicrotask(() => look({ kind: 'pod', pod: known }));
    if (this.#stop === undefined) this.#begin();
    // A pod that is new comes by the watch; of one that is gone only a new list tells.
    const unseen = setTimeout(() => {
      if (this.#isListed && !this.#pods.has(pod)) this.#begin();
    }, UNSEEN_MS);
    let ended = false;
    return () => {
      clearTimeout(unseen);
      if (ended) return;
      ended = true;
      this.#views.off(pod, look);
      this.#watched -= 1;
      if (this.#watched === 0) this.#rest();
    };
  }

  #begin(): void {
    this.#rest();
    const stop = new AbortController();
    this.#stop = stop;
    void this.#follow(AbortSignal.any([stop.signal, this.#options.signal]));
  }

  #rest(): void {
    this.#stop?.abort();
    this.#stop = undefined;
    this.#isListed = false;
    this.#pods.clear();
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { pauseMs = PAUSE_MS } = this.#options;
    let version: string | undefined;
    for (let failures = 0; !signal.aborted; ) {
      try {
        version ??= await this.#list(signal);
        for await (const event of this.#events(version, signal)) {
          if (signal.aborted) return;
          version = this.#take(event) ?? version;
          failures = 0;
        }
      } catch (error) {
        if (signal.aborted) return;
        // Changes since that version are forgotten.
        if (hasStatus(error, 410)) version = undefined;
        else this.#tellAway(causeLine(error));
        if (hasStatus(error, 410) && failures === 0) {
          failures += 1;
          continue;
        }
        failures += 1;
        const pause = Math.min(pauseMs * 2 ** Math.min(failures, 6), LONGEST_PAUSE_MS);
        await sleep(pause, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<string> {
    const { cluster, selector } = this.#options;
    // A pod that is watched from now on may be younger than the list.
    const asked = new Set(this.#views.eventNames().map(String));
    const { pods, resourceVersion } = await cluster.pods(selector);
    if (signal.aborted) return resourceVersion;
    const before = new Map(this.#pods);
    this.#pods.clear();
    this.#isListed = true;
    this.#away = undefined;
    for (const pod of pods) this.#changed(pod);
    for (const name of asked) if (!this.#pods.has(name)) this.#views.emit(name, goneView(before.get(name)));
    return resourceVersion;
  }

  /** Ends with the connection, and when nothing has come for too long. */
  async *#events(version: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const { cluster, selector, silenceMs = SILENCE_MS } = this.#options;
    const silent = new AbortController();
    const timer = setTimeout(() => silent.abort(), silenceMs);
    try {
      for await (const event of cluster.watchPods(
        selector,
        version,
        AbortSignal.any([signal, silent.signal]),
      )) {
        timer.refresh();
        yield event;
      }
    } catch (error) {
      if (!silent.signal.aborted) throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** @returns the version to continue from */
  #take({ type, object }: WatchEvent): string | undefined {
    if (type === 'ERROR') {
      const { code, reason, message } = Object(object) as {
        code?: number;
        reason?: string;
        message?: string;
      };
      throw new StatusError(code ?? 0, reason ?? '', message ?? 'the watch failed');
    }
    const pod = object as V1Pod;
    const version = pod.metadata?.resourceVersion;
    if (type === 'BOOKMARK') return version;
    if (type === 'DELETED') {
      const { name = '' } = pod.metadata ?? {};
      this.#pods.delete(name);
      this.#views.emit(name, goneView(pod));
    } else this.#changed(pod);
    return version;
  }

  #changed(pod: V1Pod): void {
    const name = pod.metadata?.name ?? '';
    this.#pods.set(name, pod);
    const view: PodView = { kind: 'pod', pod };
    this.#views.emit(name, view);
  }

  #tellAway(words: string): void {
    if (this.#away === words) return;
    this.#away = words;
    for (const name of this.#views.eventNames())
      this.#views.emit(name, { kind: 'away', words } satisfies PodView);
  }
}

function goneView(last: V1Pod | undefined): PodView {
  return { kind: 'gone', last };
}
