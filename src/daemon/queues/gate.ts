import { setTimeout as sleep } from 'node:timers/promises';
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
  #warned: string | undefined;
  /** What was said last of each queue, so that only changes are said. */
  readonly #open = new Map<string, boolean>();

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Keeps the worker's properties fresh until the signal aborts; ends at once on servers without them. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const supported = await this.#refresh(signal).catch(() => true);
      if (!supported) return;
      await sleep(PROPERTIES_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
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

  async #refresh(signal: AbortSignal): Promise<boolean> {
    const { workers, workerId, say } = this.#options;
    const properties = await workers.getRuntimeProperties(workerId, { signal, retry: 'bounded' });
    this.#properties = properties ?? [];
    const warning = forceWarning(properties);
    if (warning !== undefined && warning !== this.#warned) say(warning);
    this.#warned = warning;
    return properties !== undefined;
  }
}
