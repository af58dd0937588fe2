import { isDeepStrictEqual } from 'node:util';
import type { TaskRecord } from '../../api/task-record.js';
import type { TasksApi } from '../../api/tasks.js';
import type { Resources } from '../../container/resources/resource-words.js';
import { statedResources } from '../../container/resources/stated-resources.js';
import { isAgentError } from '../../errors.js';
import type { Claim } from '../../gpu/claims/types.js';
import type { GrantRecord } from '../../runs/grant-record.js';
import type { AgentContext } from '../../task/context.js';
import { countedWords, endOfLimit, type TimeLimit } from '../../task/time-limit.js';
import type { Grant } from './grant.js';

export interface TaskNeedsOptions {
  tasks: Pick<TasksApi, 'getAll'>;
  /** Words that count; without any the server is not asked. */
  words: ReadonlySet<string>;
  /** `agent.kill_grace_sec` in milliseconds. */
  graceMs: number;
}

/** What a stopped task takes beyond its grace: the rest of its output, its log, its status. */
const END_MS = 30_000;

const FIELDS = ['id', 'hyperparams.properties', 'container'];

/** What a grant is given for. */
export interface StatedNeeds {
  needs: Resources;
  claim: Pick<Claim, 'endsBy'>;
  /**
   * The grant of a record. The server may give another task than the first one seen, for which `Grant.fitted` is.
   *
   * @param hold makes the grant, also of a record that replaces it
   * @param binding another task needs to state the same: what was given depends on it
   */
  grantOf(record: GrantRecord, hold: (record: GrantRecord) => Grant, binding: boolean): Grant;
}

export function taskNeeds(ctx: AgentContext): TaskNeeds {
  return new TaskNeeds({ tasks: ctx.tasks, words: countedWords(ctx), graceMs: ctx.killGraceMs });
}

/** Reads what a task states before it is taken off its queue. */
export class TaskNeeds {
  readonly #options: TaskNeedsOptions;

  constructor(options: TaskNeedsOptions) {
    this.#options = options;
  }

  /** What the first task of a queue states, for its claim and its grant. */
  async stated(head: string | undefined): Promise<StatedNeeds> {
    return this.#statedBy(head, head === undefined ? {} : await this.#of(head));
  }

  /** The same for several tasks, in one call; a task that is not known states nothing. */
  async statedByEach(tasks: readonly (string | undefined)[]): Promise<StatedNeeds[]> {
    const found = await this.#ofEach(tasks.filter((task) => task !== undefined));
    return tasks.map((task) => this.#statedBy(task, found.get(task ?? '') ?? {}));
  }

  async #of(task: string): Promise<Resources> {
    return (await this.#ofEach([task])).get(task) ?? {};
  }

  /** A task that the server does not show, or that states something wrong, states nothing: its claim tells why it fails. */
  async #ofEach(id: readonly string[]): Promise<ReadonlyMap<string, Resources>> {
    const { tasks, words } = this.#options;
    if (id.length === 0 || words.size === 0) return new Map();
    const query = { id: [...id], only_fields: FIELDS, search_hidden: true };
    const records = await tasks.getAll(query, { retry: 'none' });
    return new Map(records.map((record) => [record.id, readable(record, words)]));
  }

  #statedBy(head: string | undefined, needs: Resources): StatedNeeds {
    const limit = needs.time === undefined ? undefined : { ms: needs.time, since: Date.now() };
    const withLimit = (record: GrantRecord): GrantRecord =>
      limit === undefined ? record : { ...record, limit };
    return {
      needs,
      claim: this.claimOf(limit),
      grantOf: (record, hold, binding) => {
        const grant = hold(withLimit(record));
        const fits = async (task: string) =>
          !binding || task === head || isDeepStrictEqual(await this.#of(task), needs);
        const fitted = async (task: string) => {
          if (task === head) return grant;
          const other = await this.stated(task);
          if (isDeepStrictEqual(other.needs, needs)) return grant;
          return binding ? undefined : other.grantOf(record, hold, binding);
        };
        return { ...grant, fits, fitted };
      },
    };
  }

  /** When the devices of a run with this limit are free at the latest. */
  claimOf(limit: TimeLimit | undefined): Pick<Claim, 'endsBy'> {
    return limit === undefined ? {} : { endsBy: endOfLimit(limit) + this.#options.graceMs + END_MS };
  }
}

function readable(record: TaskRecord, words: ReadonlySet<string>): Resources {
  try {
    return statedResources(record, words);
  } catch (error) {
    if (isAgentError(error, 'TASK_INVALID')) return {};
    throw error;
  }
}
