import { rm } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { TaskRecord, TaskScript } from '../api/task-record.js';
import { onAbort } from '../os/on-abort.js';
import type { EnvironmentOrder } from '../python/environment-request.js';
import { interpreterCandidates } from '../python/prepare.js';
import type { CheckedOut } from '../repository/checkout.js';
import { workspaceOf } from '../runs/workspace.js';
import { checkedScript } from './check-record.js';
import { startCheckout } from './code/prepare-code.js';
import { taskPython } from './prepare-environment.js';
import { HeldReporter } from './side-by-side.js';
import type { TaskRun } from './task-run.js';

/** What has begun of the preparation of a task. */
export interface BegunWork {
  /** Fails as `checkoutRepository` does; `undefined` for a task without a repository. */
  tree: Promise<CheckedOut | undefined>;
  /** Writes what the checkout says to the log, from its beginning. */
  tell(): void;
  candidates: EnvironmentOrder['candidates'];
  /** Its beginning, milliseconds since 1970: what was fetched later is new enough. */
  since: number;
}

/**
 * The checkout of a task and the search for Python, which begin while the agent claims the task: that costs
 * several requests. They touch the workspace of the run and the mirrors, and tell the server nothing.
 */
export class EarlyWork {
  readonly #since = Date.now();
  readonly #script: TaskScript;
  readonly #reporter: HeldReporter;
  readonly #over = new AbortController();
  readonly #tree: BegunWork['tree'];
  readonly #candidates: BegunWork['candidates'];

  /** `undefined` where the place of the task, a hook or an error in the task comes first. */
  static begin(run: TaskRun, record: TaskRecord): EarlyWork | undefined {
    const { capabilities } = run.ctx.driver;
    if (!capabilities.agentUser || capabilities.ownEnvironment || capabilities.slowToOpen) return undefined;
    if (run.ctx.hooks.has('before_task')) return undefined;
    try {
      return new EarlyWork(run, record, checkedScript(record));
    } catch {
      // The preparation of the task finds it again and tells it.
      return undefined;
    }
  }

  private constructor(run: TaskRun, record: TaskRecord, script: TaskScript) {
    const { ctx, task, folder } = run;
    this.#script = structuredClone(script);
    this.#reporter = new HeldReporter(run.log);
    const workspace = workspaceOf(ctx, folder);
    const { signal } = this.#over;
    const parts = {
      run,
      record,
      script,
      workspace,
      surroundings: ctx,
      here: ctx.driver.capabilities.hostPaths,
      since: this.#since,
      reporter: this.#reporter,
      signal,
    };
    this.#tree = rm(workspace, { recursive: true, force: true }).then(() => startCheckout(parts));
    this.#tree.catch(() => undefined);
    const place = ctx.driver.look?.(task, folder);
    this.#candidates = place && interpreterCandidates(place, taskPython(script, ctx), signal);
  }

  /**
   * What has begun, if it is for this script; else it is given up.
   *
   * @param signal ends it
   */
  async taken(script: TaskScript, signal: AbortSignal): Promise<BegunWork | undefined> {
    if (!isDeepStrictEqual(script, this.#script)) {
      await this.end();
      return undefined;
    }
    const stopListening = onAbort(signal, () => this.#over.abort(signal.reason));
    if (signal.aborted) this.#over.abort(signal.reason);
    void Promise.allSettled([this.#tree, this.#candidates]).then(stopListening);
    return {
      tree: this.#tree,
      tell: () => this.#reporter.release(),
      candidates: this.#candidates,
      since: this.#since,
    };
  }

  /** Gives up what is not over, and waits for its end. */
  async end(): Promise<void> {
    this.#over.abort();
    await Promise.allSettled([this.#tree, this.#candidates]);
  }
}
