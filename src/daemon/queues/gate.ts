import type { WorkersApi } from '../../api/workers.js';
import { activity, forceWarning, type RuntimeProperty, type Schedule } from './schedule.js';

export interface GateOptions {
  workers: Pick<WorkersApi, 'getRuntimeProperties'>;
  workerId: string;
  schedule: Schedule;
  now?: () => Date;
  say(text: string): void;
}

/** An administrator's switch takes effect within this time. */
const PROPERTIES_INTERVAL_MS = 60_000;

/** Says whether tasks may be pulled now: schedule, queue tags, and the worker's properties on the server. */
export class Gate {
  readonly #options: GateOptions;
  #properties: readonly RuntimeProperty[] = [];
  #readAt = Number.NEGATIVE_INFINITY;
  #warned: string | undefined;
  /** What was said last of each queue, so that only changes are said. */
  readonly #open = new Map<string, boolean>();

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Reads the worker's properties, unless that was a moment ago. They matter only while a task waits. */
  async refresh(signal: AbortSignal): Promise<void> {
    if (performance.now() - this.#readAt < PROPERTIES_INTERVAL_MS) return;
    this.#readAt = performance.now();
    // An answer that does not come leaves those that are known.
    await this.#read(signal).catch(() => undefined);
  }

  allows(queue: { id: string; name?: string; tags: readonly string[] }): boolean {
    const { schedule, now = () => new Date(), say } = this.#options;
    const { active, because } = activity({
      schedule,
      now: now(),
      queueTags: queue.tags,
      properties: this.#properties,
    });
    if (this.#open.get(queue.id) !== active && (this.#open.has(queue.id) || !active)) {
      say(`queue ${queue.name ?? queue.id}: ${active ? 'pulling tasks' : 'pulling no tasks'} (${because})`);
    }
    this.#open.set(queue.id, active);
    return active;
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { workers, workerId, say } = this.#options;
    const properties = await workers.getRuntimeProperties(workerId, { signal, retry: 'bounded' });
    this.#properties = properties ?? [];
    const warning = forceWarning(properties);
    if (warning !== undefined && warning !== this.#warned) say(warning);
    this.#warned = warning;
  }
}
