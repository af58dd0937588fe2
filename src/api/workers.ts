import type { ApiClient, CallOptions } from './client.js';
import { ApiError } from './errors.js';

/** A worker's report about itself; `machine_stats` is null for a report of a change alone. */
export interface StatusReport {
  worker: string;
  /** Milliseconds since 1970. */
  timestamp: number;
  tags: readonly string[] | null;
  is_daemon: boolean;
  machine_stats: Readonly<Record<string, number | readonly number[]>> | null;
  /** The task that it runs and the queue that it came from; left out when there is none. */
  task?: string;
  queue?: string;
  /** Ids of the queues served. */
  queues?: readonly string[];
}

export interface WorkerRecord {
  id: string;
  ip?: string;
  task?: { id: string; name?: string };
  queues?: { id: string; name?: string }[];
  tags?: string[];
  register_time?: string;
  last_activity_time?: string;
}

export interface RuntimeProperty {
  key: string;
  value: string;
}

export class WorkersApi {
  readonly #client: ApiClient;
  /** The API version of a server that has no runtime properties; it is not asked again before it changes. */
  #withoutProperties: string | undefined;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  async register(
    worker: { worker: string; queues: readonly string[]; tags?: readonly string[]; timeout?: number },
    options?: CallOptions,
  ): Promise<void> {
    await this.#client.call('workers.register', worker, options);
  }

  async unregister(
    worker: { worker: string; queues?: readonly string[] },
    options?: CallOptions,
  ): Promise<void> {
    await this.#client.call('workers.unregister', worker, options);
  }

  async statusReport(report: StatusReport, options?: CallOptions): Promise<void> {
    await this.#client.call('workers.status_report', report, options);
  }

  /** `last_seen` in seconds; 0 for all. `worker_pattern` is a glob on the id. */
  async getAll(
    query: { last_seen?: number; worker_pattern?: string } = {},
    options?: CallOptions,
  ): Promise<WorkerRecord[]> {
    const answer = await this.#client.call<{ workers?: WorkerRecord[] }>('workers.get_all', query, options);
    return answer.workers ?? [];
  }

  /** `undefined` on a server without them, which the open-source server is. */
  async getRuntimeProperties(worker: string, options?: CallOptions): Promise<RuntimeProperty[] | undefined> {
    const answer = await this.#whereSupported(() =>
      this.#client.call<{ runtime_properties?: RuntimeProperty[] }>(
        'workers.get_runtime_properties',
        { worker },
        options,
      ),
    );
    return answer && (answer.runtime_properties ?? []);
  }

  /** False on a server without them. */
  async setRuntimeProperties(
    request: { worker: string; runtime_properties: readonly RuntimeProperty[] },
    options?: CallOptions,
  ): Promise<boolean> {
    const answer = await this.#whereSupported(() =>
      this.#client.call<object>('workers.set_runtime_properties', request, options),
    );
    return answer !== undefined;
  }

  async #whereSupported<T>(call: () => Promise<T>): Promise<T | undefined> {
    const version = this.#client.claims.apiVersion;
    if (this.#withoutProperties === version) return undefined;
    try {
      return await call();
    } catch (error) {
      if (!isUnknownEndpoint(error)) throw error;
      this.#withoutProperties = this.#client.claims.apiVersion;
      return undefined;
    }
  }
}

/** Servers say 404 to an endpoint that they do not have; old ones said 400 without a sub-code. */
function isUnknownEndpoint(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 404 || error.status === 400) && error.subcode === 0;
}
