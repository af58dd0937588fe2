import type { V1Pod } from '@kubernetes/client-node';
import { AgentError } from '../../errors.js';
import { LONGEST_TIMER_MS } from '../../os/longest-timer.js';
import type { PlaceRequest } from '../driver.js';
import type { Cluster } from './cluster.js';
import type { KubernetesSettings } from './kubernetes-settings.js';
import type { PodBoard, PodView } from './pod-board.js';
import { type Obstacle, podStart } from './pod-state.js';

export interface ReadyParts extends Pick<PlaceRequest, 'reporter' | 'signal' | 'pending'> {
  cluster: Pick<Cluster, 'events'>;
  board: Pick<PodBoard, 'watch'>;
  pod: string;
  image: string;
  limits: Pick<KubernetesSettings, 'scheduleMs' | 'imageMs' | 'startMs'>;
  /** Called once a node has the pod. */
  onNode?(): void;
}

/** For a container that cannot be made, such as one whose secret comes late. */
const CONTAINER_MS = 60_000;
const EVENTS_AFTER_MS = 20_000;

/**
 * Waits until both containers of a pod run.
 *
 * @throws AgentError DOCKER_IMAGE, KUBERNETES_POD, NO_PLACE
 */
export async function podReady(parts: ReadyParts): Promise<V1Pod> {
  const { signal, board, pod } = parts;
  signal.throwIfAborted();
  let abort = () => undefined as unknown;
  let unwatch = () => undefined as unknown;
  const waiting = new StartWait(parts);
  try {
    return await new Promise<V1Pod>((resolve, reject) => {
      abort = () => reject(signal.reason);
      signal.addEventListener('abort', abort);
      waiting.onLimit = reject;
      unwatch = board.watch(pod, (view) => {
        try {
          const running = waiting.look(view);
          if (running !== undefined) resolve(running);
        } catch (error) {
          reject(error);
        }
      });
    });
  } finally {
    unwatch();
    waiting.rest();
    parts.pending?.(undefined);
    signal.removeEventListener('abort', abort);
  }
}

interface Waiting {
  for: Obstacle;
  text: string;
}

/** What a pod waits for, and how long yet. */
class StartWait {
  onLimit: (error: AgentError) => void = () => undefined;
  readonly #parts: ReadyParts;
  readonly #limits: Readonly<Record<Obstacle, number>>;
  #waiting: Waiting | undefined;
  #timers: NodeJS.Timeout[] = [];
  #hasNode = false;

  constructor(parts: ReadyParts) {
    this.#parts = parts;
    const { scheduleMs, imageMs, startMs } = parts.limits;
    this.#limits = {
      schedule: scheduleMs,
      gate: Number.POSITIVE_INFINITY,
      image: imageMs,
      never_image: 0,
      container: Math.min(CONTAINER_MS, startMs),
      nothing: startMs,
    };
  }

  /** The pod once it runs. @throws AgentError KUBERNETES_POD */
  look(view: PodView): V1Pod | undefined {
    const { reporter, pod } = this.#parts;
    if (view.kind === 'away') {
      reporter.line(`the Kubernetes API server is away (${view.words}); the agent keeps asking`, 'WARNING');
      return undefined;
    }
    if (view.kind === 'gone') throw notStarted(pod, 'it was deleted outside the agent');
    if (!this.#hasNode && view.pod.spec?.nodeName) {
      this.#hasNode = true;
      this.#parts.onNode?.();
    }
    const start = podStart(view.pod);
    if (start.kind === 'running') return view.pod;
    if (start.kind === 'ended') throw notStarted(pod, start.text);
    this.#waits(start);
    return undefined;
  }

  rest(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
  }

  #waits(now: Waiting): void {
    const { reporter, pod } = this.#parts;
    const before = this.#waiting;
    this.#waiting = now;
    const isNew = before?.for !== now.for;
    // The two reasons of an image that is tried again and again alternate.
    const isSaid = !isNew && (now.for !== 'schedule' || before?.text === now.text);
    const limit = this.#limits[now.for];
    this.#parts.pending?.(now.for === 'nothing' ? undefined : now.text);
    if (!isSaid && now.for !== 'nothing') reporter.line(`pod ${pod} waits: ${now.text}`, 'WARNING');
    if (!isNew) return;
    this.rest();
    if (limit <= LONGEST_TIMER_MS) this.#timers.push(setTimeout(() => void this.#giveUp(now), limit));
    if (now.for === 'nothing') this.#timers.push(setTimeout(() => void this.#explain(), EVENTS_AFTER_MS));
  }

  async #giveUp(first: Waiting): Promise<void> {
    const { cluster, pod } = this.#parts;
    // The state of a pod whose volume is missing says nothing of it; only its events do.
    const events = first.for === 'nothing' ? await cluster.events(pod) : [];
    const { for: obstacle, text } = this.#waiting ?? first;
    const waiting = { for: obstacle, text: [text, ...events].join('; ') };
    this.onLimit(gaveUp(this.#parts, waiting, this.#limits[first.for]));
  }

  async #explain(): Promise<void> {
    const { cluster, pod, reporter } = this.#parts;
    for (const line of await cluster.events(pod)) reporter.line(`pod ${pod}: ${line}`, 'WARNING');
  }
}

function notStarted(pod: string, why: string): AgentError {
  return new AgentError('KUBERNETES_POD', `pod ${pod} did not start: ${why}`, { infrastructure: true });
}

function gaveUp({ pod, image }: ReadyParts, waiting: Waiting, limitMs: number): AgentError {
  const long = limitMs === 0 ? '' : ` for ${Math.round(limitMs / 1000)} s`;
  switch (waiting.for) {
    case 'schedule':
    case 'gate':
      return new AgentError('NO_PLACE', `no node took pod ${pod}${long}: ${waiting.text}`, {
        infrastructure: true,
        hint: 'agent.kubernetes.unschedulable_sec sets how long a pod waits.',
      });
    case 'image':
    case 'never_image':
      return new AgentError('DOCKER_IMAGE', `image ${image} cannot be pulled${long}: ${waiting.text}`, {
        hint: 'Check its name, and imagePullSecrets in agent.kubernetes.pod_template for a private registry.',
      });
    case 'container':
    case 'nothing':
      return new AgentError('KUBERNETES_POD', `pod ${pod} did not start${long}: ${waiting.text}`, {
        hint: 'agent.kubernetes.start_sec sets how long its containers may take to start.',
      });
  }
}
