import { causeLine } from '../errors.js';
import { configChanged, describeChange } from './changes.js';
import type { Config } from './config.js';

export interface ReloadOptions {
  /** The configuration that the process started with. */
  start: Config;
  /** Loads it again from where it came. */
  load: () => Promise<Config>;
  /** Told each key that changed, without secrets. */
  say: (line: string) => void;
  /** Told why a changed configuration is not used. */
  warn: (line: string) => void;
}

/** The configuration for the next task; with `agent.reload_config` what the files say by then. */
export class ReloadedConfig {
  readonly #options: ReloadOptions;
  #current: Config;

  constructor(options: ReloadOptions) {
    this.#options = options;
    this.#current = options.start;
  }

  /** Never fails: while the files hold a mistake, the last good configuration stays in force. */
  async next(): Promise<Config> {
    if (!this.#current.boolean('agent.reload_config')) return this.#current;
    const { load, say, warn } = this.#options;
    try {
      const fresh = await load();
      const changes = configChanged(this.#current, fresh);
      for (const change of changes) say(`configuration changed: ${describeChange(change)}`);
      if (changes.length > 0) this.#current = fresh;
    } catch (error) {
      warn(`the changed configuration is not used: ${causeLine(error)}`);
    }
    return this.#current;
  }
}
