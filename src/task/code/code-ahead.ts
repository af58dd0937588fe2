import { rm } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { TaskRecord, TaskScript } from '../../api/task-record.js';
import { onAbort } from '../../os/on-abort.js';
import type { CheckedOut } from '../../repository/checkout.js';
import { workspaceOf } from '../../runs/workspace.js';
import { checkedScript } from '../check-record.js';
import { HeldReporter } from '../side-by-side.js';
import type { TaskRun } from '../task-run.js';
import { startCheckout } from './prepare-code.js';

/**
 * A checkout that begins while the server is told that the task is taken, which costs several requests. It touches the
 * workspace of the run and the mirrors, and tells the server nothing.
 */
export class CodeAhead {
  readonly since = Date.now();
  readonly #script: TaskScript;
  readonly #reporter: HeldReporter;
  readonly #over = new AbortController();
  readonly #tree: Promise<CheckedOut | undefined>;

  /** `undefined` where the place of the task, a hook or the task itself has to come first. */
  static begin(run: TaskRun, record: TaskRecord): CodeAhead | undefined {
    const { capabilities } = run.ctx.driver;
    if (!capabilities.agentUser || capabilities.ownEnvironment || capabilities.slowToOpen) return undefined;
    if (run.ctx.hooks.has('before_task')) return undefined;
    try {
      return new CodeAhead(run, record, checkedScript(record));
    } catch {
      // The preparation of the task finds it again and tells it.
      return undefined;
    }
  }

  private constructor(run: TaskRun, record: TaskRecord, script: TaskScript) {
    this.#script = structuredClone(script);
    this.#reporter = new HeldReporter(run.log);
    const workspace = workspaceOf(run.ctx, run.folder);
    const parts = {
      run,
      record,
      script,
      workspace,
      surroundings: run.ctx,
      here: run.ctx.driver.capabilities.hostPaths,
      since: this.since,
      reporter: this.#reporter,
      signal: this.#over.signal,
    };
    this.#tree = rm(workspace, { recursive: true, force: true }).then(() => startCheckout(parts));
    this.#tree.catch(() => undefined);
  }

  /**
   * What has begun, if it is for this script; else it is given up.
   *
   * @param signal ends it
   * @returns the checkout, which fails as `checkoutRepository` does; `undefined` of it is a task without a repository
   */
  async taken(
    script: TaskScript,
    signal: AbortSignal,
  ): Promise<{ tree: Promise<CheckedOut | undefined>; tell: () => void } | undefined> {
    if (!isDeepStrictEqual(script, this.#script)) {
      await this.end();
      return undefined;
    }
    const stopListening = onAbort(signal, () => this.#over.abort(signal.reason));
    if (signal.aborted) this.#over.abort(signal.reason);
    const tree = this.#tree.finally(stopListening);
    tree.catch(() => undefined);
    return { tree, tell: () => this.#reporter.release() };
  }

  /** Gives up what is not over, and waits for its end. */
  async end(): Promise<void> {
    this.#over.abort();
    await this.#tree.catch(() => undefined);
  }
}
