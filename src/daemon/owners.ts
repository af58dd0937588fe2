import type { ApiClient } from '../api/client.js';
import { clientOf, type TaskOwner } from '../api/owner.js';
import { AgentError, causeLine } from '../errors.js';
import type { StatusBoard } from '../task/status-board.js';
import { type Connection, connectionOf } from './connect.js';
import { statusBoard } from './worker.js';

/** The server as the owner of a task sees it. */
export interface OwnerSession {
  connection: Connection;
  statuses: StatusBoard;
  /** For the task itself. */
  token: string;
}

export interface OwnersOptions {
  /** The agent's own. */
  client: ApiClient;
  abortPollMs: number;
}

type Login = Omit<OwnerSession, 'token'>;

/** Logged in as the owners of tasks, once each. */
export class Owners {
  readonly #options: OwnersOptions;
  readonly #logins = new Map<string, Login>();

  constructor(options: OwnersOptions) {
    this.#options = options;
  }

  /**
   * @param owner as far as the server's answer has it
   * @throws AgentError OWNER_TOKEN
   */
  async session(task: string, owner: Partial<TaskOwner> | undefined): Promise<OwnerSession> {
    const { user, company } = owner ?? {};
    if (!user) throw new AgentError('OWNER_TOKEN', `the server did not name the owner of task ${task}`);
    const login = this.#login({ user, ...(company ? { company } : {}) });
    try {
      const token = await login.connection.client.token();
      return { ...login, token };
    } catch (error) {
      throw new AgentError(
        'OWNER_TOKEN',
        `cannot log in as ${user}, the owner of the task: ${causeLine(error)}`,
        {
          cause: error,
        },
      );
    }
  }

  #login(owner: TaskOwner): Login {
    const key = JSON.stringify([owner.user, owner.company]);
    const known = this.#logins.get(key);
    if (known !== undefined) return known;
    const { client, abortPollMs } = this.#options;
    const connection = connectionOf(clientOf(owner, client));
    const login = { connection, statuses: statusBoard(connection.tasks, abortPollMs) };
    this.#logins.set(key, login);
    return login;
  }
}
