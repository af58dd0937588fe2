import { hostname } from 'node:os';
import type { ApiClient } from '../api/client.js';
import { EventsApi } from '../api/events.js';
import { ProjectsApi } from '../api/projects.js';
import { QueuesApi } from '../api/queues.js';
import { createApiClient } from '../api/settings.js';
import { TasksApi } from '../api/tasks.js';
import { UsersApi } from '../api/users.js';
import { WorkersApi } from '../api/workers.js';
import type { Config } from '../config/config.js';
import type { AgentLogger } from '../logs/logger.js';

/** The server's services, over one client. */
export interface Connection {
  client: ApiClient;
  tasks: TasksApi;
  queues: QueuesApi;
  workers: WorkersApi;
  events: EventsApi;
  projects: ProjectsApi;
  users: UsersApi;
}

export interface ConnectOptions {
  config: Config;
  logger: AgentLogger;
  /** Wait for a server that is away, instead of failing. */
  wait: boolean;
  signal?: AbortSignal;
}

/**
 * Logs in to the server.
 *
 * @throws AgentError API_UNREACHABLE (only without `wait`), API_CREDENTIALS, API_ANSWER
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const client = createApiClient(options.config, { hostName: hostname(), notices: options.logger });
  await client.connect({
    retry: options.wait ? 'forever' : 'none',
    ...(options.signal ? { signal: options.signal } : {}),
  });
  return connectionOf(client);
}

/** The services that a client reaches. */
export function connectionOf(client: ApiClient): Connection {
  return {
    client,
    tasks: new TasksApi(client),
    queues: new QueuesApi(client),
    workers: new WorkersApi(client),
    events: new EventsApi(client),
    projects: new ProjectsApi(client),
    users: new UsersApi(client),
  };
}
