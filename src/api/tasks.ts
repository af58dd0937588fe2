import { AgentError } from '../errors.js';
import type { ApiClient, CallOptions } from './client.js';
import { API_PROBLEM, isApiError } from './errors.js';
import type {
  HyperParameter,
  TaskContainer,
  TaskRecord,
  TaskRequirements,
  TaskScript,
  TaskStatus,
} from './task-record.js';

/** What a change of a task's status says about itself; what is left out erases what was there. */
export interface StatusChange {
  task: string;
  status_reason?: string;
  status_message?: string;
  /** Skips the server's check of which status may follow which. */
  force?: boolean;
}

export interface Updated {
  updated?: number;
}

export interface TaskQuery {
  id?: string[];
  /** A Python regular expression, found anywhere in the name. */
  name?: string;
  status?: TaskStatus[];
  /** Dotted paths; the id always comes too. */
  only_fields?: string[];
  search_hidden?: boolean;
  page?: number;
  page_size?: number;
  order_by?: string[];
}

/** `script` is merged into what the task has; `container`, `runtime` and `hyperparams` replace it. */
export interface TaskEdit {
  task: string;
  force?: boolean;
  name?: string;
  script?: TaskScript;
  container?: TaskContainer;
  runtime?: Record<string, unknown>;
  hyperparams?: TaskRecord['hyperparams'];
}

export interface NewTask {
  name: string;
  type: string;
  project?: string;
  script?: TaskScript;
  container?: TaskContainer;
  hyperparams?: TaskRecord['hyperparams'];
  tags?: string[];
  comment?: string;
}

export interface StatusReading {
  status: TaskStatus;
  status_message?: string | null;
}

/** A list in one answer has at most this many. */
const LARGEST_PAGE = 500;

export class TasksApi {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  /** @throws AgentError TASK_NOT_FOUND */
  async getById(task: string, options?: CallOptions): Promise<TaskRecord> {
    try {
      const answer = await this.#client.call<{ task?: TaskRecord }>('tasks.get_by_id', { task }, options);
      if (answer.task) return answer.task;
    } catch (error) {
      if (!isApiError(error, ...API_PROBLEM.invalidTask)) throw error;
    }
    throw new AgentError('TASK_NOT_FOUND', `could not find task with id ${task} on ${this.#client.server}`);
  }

  /**
   * The text of an artifact. The token is shown to the file server alone.
   *
   * @param fileServer address of the file server; without one, artifacts on the host of the API server are its own
   * @throws ConnectionError, AgentError API_ANSWER, or the signal's reason
   */
  readArtifact(uri: string, fileServer: string | undefined, signal: AbortSignal): Promise<string> {
    const { host, hostname } = new URL(uri);
    const own = new URL(fileServer ?? this.#client.server);
    const trusted = fileServer === undefined ? hostname === own.hostname : host === own.host;
    return this.#client.readFile(uri, { trusted, signal });
  }

  async getAll(query: TaskQuery, options?: CallOptions): Promise<TaskRecord[]> {
    return (await this.#client.call<{ tasks?: TaskRecord[] }>('tasks.get_all', query, options)).tasks ?? [];
  }

  /** Status and message alone; `undefined` when the server does not know the task. */
  async getStatus(task: string, options?: CallOptions): Promise<StatusReading | undefined> {
    return (await this.getStatuses([task], options)).get(task);
  }

  /** Of many tasks in one call (one a page); those that the server does not know are left out. */
  async getStatuses(
    tasks: readonly string[],
    options?: CallOptions,
  ): Promise<ReadonlyMap<string, StatusReading>> {
    const readings = new Map<string, StatusReading>();
    for (let at = 0; at < tasks.length; at += LARGEST_PAGE) {
      const query = { search_hidden: true, only_fields: ['status', 'status_message'] };
      const found = await this.getAll({ id: tasks.slice(at, at + LARGEST_PAGE), ...query }, options);
      for (const { id, status, status_message } of found)
        if (status !== undefined) readings.set(id, { status, status_message: status_message ?? null });
    }
    return readings;
  }

  started(change: StatusChange, options?: CallOptions): Promise<Updated> {
    return this.#client.call('tasks.started', change, options);
  }

  stopped(change: StatusChange, options?: CallOptions): Promise<Updated> {
    return this.#client.call('tasks.stopped', change, options);
  }

  failed(change: StatusChange, options?: CallOptions): Promise<Updated> {
    return this.#client.call('tasks.failed', change, options);
  }

  completed(change: StatusChange, options?: CallOptions): Promise<Updated> {
    return this.#client.call('tasks.completed', change, options);
  }

  stop(change: StatusChange, options?: CallOptions): Promise<Updated> {
    return this.#client.call('tasks.stop', change, options);
  }

  edit(edit: TaskEdit, options?: CallOptions): Promise<Updated> {
    return this.#client.call('tasks.edit', edit, options);
  }

  /** Tells the server that the task is alive. */
  async ping(task: string, options?: CallOptions): Promise<void> {
    await this.#client.call('tasks.ping', { task }, options);
  }

  dequeue(request: { task: string; new_status?: TaskStatus }, options?: CallOptions): Promise<Updated> {
    return this.#client.call('tasks.dequeue', request, options);
  }

  enqueue(
    request: { task: string; queue?: string; status_reason?: string; force?: boolean },
    options?: CallOptions,
  ): Promise<Updated & { queued?: number }> {
    return this.#client.call('tasks.enqueue', request, options);
  }

  /** @returns the id of the copy */
  async clone(
    request: { task: string; new_task_name?: string; new_task_parent?: string },
    options?: CallOptions,
  ): Promise<string> {
    return (await this.#client.call<{ id: string }>('tasks.clone', request, options)).id;
  }

  /** @returns the id of the new task */
  async create(task: NewTask, options?: CallOptions): Promise<string> {
    return (await this.#client.call<{ id: string }>('tasks.create', task, options)).id;
  }

  setRequirements(
    request: { task: string; requirements: TaskRequirements },
    options?: CallOptions,
  ): Promise<Updated> {
    return this.#client.call('tasks.set_requirements', request, options);
  }

  /** The parameters of one task, flat. */
  async getHyperParams(task: string, options?: CallOptions): Promise<HyperParameter[]> {
    const answer = await this.#client.call<{ params?: { task: string; hyperparams?: HyperParameter[] }[] }>(
      'tasks.get_hyper_params',
      { tasks: [task] },
      options,
    );
    return answer.params?.find((one) => one.task === task)?.hyperparams ?? [];
  }
}
