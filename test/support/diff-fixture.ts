import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { type AppliedDiff, applyDiff } from '../../src/repository/apply-diff.js';
import { CheckoutBench } from './checkout-bench.js';
import { GitRepository } from './git-repository.js';

/** A repository and what applies a diff to it. */
export interface Fixture {
  b: CheckoutBench;
  source: GitRepository;
  apply: (diff: string) => Promise<AppliedDiff>;
}

/** Its folder is removed at the end of the test. */
export function fixture(t: ExecutionContext): Fixture {
  const b = new CheckoutBench();
  t.teardown(() => b.remove());
  const source = new GitRepository(path.join(b.folder, 'code'));
  const { script, workspace, ...context } = b.request({ repository: '' });
  return { b, source, apply: (diff) => applyDiff({ ...context, root: source.folder, diff }) };
}

/** The text of a file of the work tree. */
export function read(source: GitRepository, name: string): string {
  return readFileSync(path.join(source.folder, name), 'utf8');
}
