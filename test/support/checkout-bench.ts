import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TaskScript } from '../../src/api/task-record.js';
import type { ConfigValue } from '../../src/config/config.js';
import { type CheckedOut, type CheckoutRequest, checkoutRepository } from '../../src/repository/checkout.js';
import { repositorySettings } from '../../src/repository/settings.js';
import { caseConfig } from './case-config.js';
import { GIT_ENVIRONMENT } from './git-repository.js';

/** A folder with a cache, a home and workspaces, in which repositories are checked out as a task would. */
export class CheckoutBench {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'checkout-'));
  readonly cacheFolder = path.join(this.folder, 'cache');
  readonly home = path.join(this.folder, 'home');
  readonly lines: string[] = [];
  readonly secrets: string[] = [];
  #count = 0;

  constructor() {
    mkdirSync(path.join(this.home, '.ssh'), { recursive: true, mode: 0o700 });
  }

  /** Configuration by dotted keys, and environment of the agent. */
  request(
    script: Pick<TaskScript, 'repository' | 'branch' | 'tag' | 'version_num' | 'working_dir'>,
    config: Readonly<Record<string, ConfigValue>> = {},
    env: Readonly<Record<string, string>> = {},
  ): CheckoutRequest {
    const { GIT_CONFIG_COUNT, ...plain } = GIT_ENVIRONMENT;
    const environment = { ...plain, HOME: this.home, ...env };
    return {
      script,
      settings: repositorySettings(caseConfig(config, environment)),
      cacheFolder: this.cacheFolder,
      workspace: path.join(this.folder, `workspace-${++this.#count}`),
      env: environment,
      home: this.home,
      reporter: { line: (text) => this.lines.push(text), output: (chunk) => this.lines.push(chunk) },
      signal: new AbortController().signal,
      onSecret: (secret) => this.secrets.push(secret),
    };
  }

  checkout(...request: Parameters<CheckoutBench['request']>): Promise<CheckedOut> {
    return checkoutRepository(this.request(...request));
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

/** A bench that is removed at the end of the test. */
export function bench(t: { teardown: (fn: () => Promise<void>) => void }): CheckoutBench {
  const made = new CheckoutBench();
  t.teardown(() => made.remove());
  return made;
}

/** What a git command prints. */
export function git(root: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd: root, env: GIT_ENVIRONMENT, encoding: 'utf8' }).trim();
}
