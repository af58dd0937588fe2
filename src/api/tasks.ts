import { AgentError, isAgentError } from '../errors.js';
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
  /** Dotted paths. The answer has exactly these: the id comes only where it is asked for. */
  only_fields?: string[];
  search_hidden?: boolean;
  /** Any of these fields matches a Python regular expression, whatever the case. */
  _any_?: { fields: string[]; pattern: string };
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
  /** The worker that last reported to run it. */
  last_worker?: string | null;
  /** When its run began; a reset removes it. */
  started?: string | null;
}

/** Whether a user asked for the end of a running task. */
export function isStopping(message: string | null | undefined): boolean {
  return message?.includes('stopping') ?? false;
}

/** What the server says of a task; `missing` only where it was asked for that one task and knows none. */
export type TaskStanding = StatusReading | 'missing';

const STATUS_FIELDS = ['id', 'status', 'status_message', 'last_worker', 'started'];

/** A list in one answer has at most this many. */
const LARGEST_PAGE = 500;

export class TasksApi {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  /** @throws AgentError TASK_NOT_FOUND, API_ANSWER */
  async getById(task: string, options?: CallOptions): Promise<TaskRecord> {
    try {
      const answer = await this.#client.call<{ task?: TaskRecord }>('tasks.get_by_id', { task }, options);
      if (answer.task) return answer.task;
    } catch (error) {
      if (!isApiError(error, ...API_PROBLEM.invalidTask)) throw error;
      throw new AgentError('TASK_NOT_FOUND', `could not find task with id ${task} on ${this.#client.server}`);
    }
    throw new AgentError('API_ANSWER', `tasks.get_by_id: ${this.#client.server} answered without the task`);
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

  /** Status and message alone; `undefined` when the server's answer does not say. */
  async getStatus(task: string, options?: CallOptions): Promise<TaskStanding | undefined> {
    return (await this.getStatuses([task], options)).get(task);
  }

  /**
   * Of many tasks in one call (one a page). What an answer lacks is asked for by the task's id; a task of which
   * the server says nothing even then is left out.
   */
  async getStatuses(
    tasks: readonly string[],
    options?: CallOptions,
  ): Promise<ReadonlyMap<string, TaskStanding>> {
    const standings = new Map<string, TaskStanding>();
    for (let at = 0; at < tasks.length; at += LARGEST_PAGE) {
      const query = { search_hidden: true, only_fields: STATUS_FIELDS };
      const found = await this.getAll({ id: tasks.slice(at, at + LARGEST_PAGE), ...query }, options);
      for (const record of found) if (hasStatus(record)) standings.set(record.id, readingOf(record));
    }
    for (const task of tasks.filter((one) => !standings.has(one))) {
      const standing = await this.#standingById(task, options);
      if (standing) standings.set(task, standing);
    }
    return standings;
  }

  /** Users of tasks, one call for a page of them; a task that the answer lacks is left out. */
  async getUsers(tasks: readonly string[], options?: CallOptions): Promise<ReadonlyMap<string, string>> {
    const users = new Map<string, string>();
    for (let at = 0; at < tasks.length; at += LARGEST_PAGE) {
      const query = { search_hidden: true, only_fields: ['id', 'user'] };
      const found = await this.getAll({ id: tasks.slice(at, at + LARGEST_PAGE), ...query }, options);
      for (const { id, user } of found) if (user) users.set(id, user);
    }
    return users;
  }

  /**
   * Tasks in progress that a worker with such an id was the last to report, 500 at most: what tells whose they are, and
   * nothing else. The server takes upper and lower case for equal.
   *
   * @param workers a regular expression of worker ids
   */
  inProgressOf(workers: string, options?: CallOptions): Promise<TaskRecord[]> {
    const query = {
      status: ['in_progress' as const],
      _any_: { fields: ['last_worker'], pattern: workers },
      only_fields: [...STATUS_FIELDS, 'last_worker_report', 'runtime', 'execution.queue'],
      search_hidden: true,
      page: 0,
      page_size: LARGEST_PAGE,
    };
    return this.getAll(query, options);
  }

  /** When a worker last reported to run it, empty where none has; `undefined` when the server does not say. */
  async lastReport(task: string, options?: CallOptions): Promise<string | undefined> {
    const query = { id: [task], only_fields: ['id', 'last_worker_report'], search_hidden: true };
    const [found] = await this.getAll(query, options).catch(() => []);
    return found && (found.last_worker_report ?? '');
  }

  async #standingById(task: string, options: CallOptions | undefined): Promise<TaskStanding | undefined> {
    try {
      const record = await this.getById(task, options);
      return hasStatus(record) ? readingOf(record) : undefined;
    } catch (error) {
      options?.signal?.throwIfAborted();
      return isAgentError(error, 'TASK_NOT_FOUND') ? 'missing' : undefined;
    }
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

  /** Changes a `queued` or `in_progress` task alone; else `updated` is 0. */
  dequeue(
    request: Omit<StatusChange, 'force'> & { new_status?: TaskStatus },
    options?: CallOptions,
  ): Promise<Updated> {
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

function hasStatus(record: Partial<TaskRecord>): record is TaskRecord & StatusReading {
  return typeof record.id === 'string' && typeof record.status === 'string';
}

function readingOf({ status, status_message, last_worker, started }: StatusReading): StatusReading {
  return {
    status,
    status_message: status_message ?? null,
    last_worker: last_worker ?? null,
    started: started ?? null,
  };
}
