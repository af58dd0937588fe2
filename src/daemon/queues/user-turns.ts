/** What users have of a daemon. */
export interface UserLoad {
  /** Running tasks by user. */
  running: ReadonlyMap<string, number>;
  /** Number of the pull that was a user's last. */
  lastPull: ReadonlyMap<string, number>;
}

/**
 * Waiting tasks in the order in which they are to be taken: those of the user with the fewest running tasks first; of such
 * users, the one whose last task was pulled longest ago; of one user, as they wait.
 */
export function byUserLoad<Task extends { user: string }>(
  waiting: readonly Task[],
  { running, lastPull }: UserLoad,
): Task[] {
  return waiting.toSorted(
    (one, other) =>
      (running.get(one.user) ?? 0) - (running.get(other.user) ?? 0) ||
      (lastPull.get(one.user) ?? 0) - (lastPull.get(other.user) ?? 0),
  );
}

export interface UserTurnsOptions {
  /** Users of tasks, for those that the server knows. */
  usersOf(tasks: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, string>>;
  /** Ids of the tasks that this daemon runs. */
  running(): readonly string[];
}

interface WaitingTasks {
  entries: readonly { task: string }[] | undefined;
}

/** Of a task that the server does not know. */
const UNKNOWN_USER = '';

/** Knows the users of waiting and running tasks, and whose turn it is. */
export class UserTurns {
  readonly #options: UserTurnsOptions;
  /** Users by task. */
  readonly #users = new Map<string, string>();
  readonly #lastPull = new Map<string, number>();
  #pulls = 0;

  constructor(options: UserTurnsOptions) {
    this.#options = options;
  }

  /**
   * Asks whose tasks these are, once for each task, and only where there is a choice.
   *
   * @param waiting all queues
   * @param asked those that may be pulled from
   */
  async learn(
    waiting: readonly WaitingTasks[],
    asked: readonly WaitingTasks[],
    signal: AbortSignal,
  ): Promise<void> {
    const choices = asked.flatMap(({ entries = [] }) => (entries.length > 1 ? entries : []));
    if (choices.length === 0) return;
    const running = this.#options.running();
    this.#keepOnly([...waiting.flatMap(tasksOf), ...running]);
    const unknown = [...new Set([...choices.map(({ task }) => task), ...running])].filter(
      (task) => !this.#users.has(task),
    );
    if (unknown.length === 0) return;
    const found = await this.#options.usersOf(unknown, signal);
    for (const task of unknown) this.#users.set(task, found.get(task) ?? UNKNOWN_USER);
  }

  /** The tasks of one queue in the order of their users' turns; `undefined` if all are of one user. */
  arrange(tasks: readonly string[]): string[] | undefined {
    const waiting = tasks.map((task) => ({ task, user: this.#userOf(task) }));
    if (new Set(waiting.map(({ user }) => user)).size < 2) return undefined;
    const running = new Map<string, number>();
    for (const task of this.#options.running()) {
      const user = this.#userOf(task);
      running.set(user, (running.get(user) ?? 0) + 1);
    }
    return byUserLoad(waiting, { running, lastPull: this.#lastPull }).map(({ task }) => task);
  }

  /** @param user as the server's answer to the pull has it */
  pulled(task: string, user: string | undefined): void {
    if (user !== undefined) this.#users.set(task, user);
    this.#pulls += 1;
    this.#lastPull.set(this.#userOf(task), this.#pulls);
  }

  #userOf(task: string): string {
    return this.#users.get(task) ?? UNKNOWN_USER;
  }

  #keepOnly(tasks: readonly string[]): void {
    const kept = new Set(tasks);
    for (const task of this.#users.keys()) if (!kept.has(task)) this.#users.delete(task);
  }
}

function tasksOf({ entries = [] }: WaitingTasks): string[] {
  return entries.map(({ task }) => task);
}
