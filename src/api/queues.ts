import type { ApiClient, CallOptions } from './client.js';

export interface QueueRecord {
  id: string;
  name?: string;
  tags?: string[];
  system_tags?: string[];
  entries?: QueueEntry[];
}

interface QueueEntry {
  task: string;
  /** When it was put there. */
  added?: string;
}

export interface QueueQuery {
  id?: string[];
  /** A Python regular expression, found anywhere in the name. */
  name?: string;
  only_fields?: string[];
  search_hidden?: boolean;
}

export interface NextTask {
  /** Left out when the queue is empty. */
  entry?: QueueEntry;
  /** The task's owner, when `get_task_info` asked for it. */
  task_info?: { user?: string; company?: string };
}

export class QueuesApi {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  async getAll(query: QueueQuery = {}, options?: CallOptions): Promise<QueueRecord[]> {
    const answer = await this.#client.call<{ queues?: QueueRecord[] }>('queues.get_all', query, options);
    return answer.queues ?? [];
  }

  async getById(queue: string, options?: CallOptions): Promise<QueueRecord> {
    return (await this.#client.call<{ queue: QueueRecord }>('queues.get_by_id', { queue }, options)).queue;
  }

  /** The queue with the system tag `default`; ApiError 400/707 or 708 when there is not exactly one. */
  getDefault(options?: CallOptions): Promise<{ id: string; name: string }> {
    return this.#client.call('queues.get_default', {}, options);
  }

  /** @returns the id of the new queue */
  async create(
    queue: { name: string; tags?: string[]; system_tags?: string[] },
    options?: CallOptions,
  ): Promise<string> {
    return (await this.#client.call<{ id: string }>('queues.create', queue, options)).id;
  }

  /** Answers when one of the queues has a task, or after the time. Only servers whose token says so have it. */
  async waitForTasks(
    request: { queues: readonly string[]; timeout_sec: number },
    options?: CallOptions,
  ): Promise<void> {
    await this.#client.call('queues.wait_for_tasks', request, options);
  }

  /** Takes the first task off a queue; with `task`, only if that one is the first. */
  getNextTask(
    request: { queue: string; task?: string; get_task_info?: boolean },
    options?: CallOptions,
  ): Promise<NextTask> {
    return this.#client.call('queues.get_next_task', request, options);
  }

  async addTask(request: { queue: string; task: string }, options?: CallOptions): Promise<void> {
    await this.#client.call('queues.add_task', request, options);
  }

  async moveTaskToFront(request: { queue: string; task: string }, options?: CallOptions): Promise<void> {
    await this.#client.call('queues.move_task_to_front', request, options);
  }
}
