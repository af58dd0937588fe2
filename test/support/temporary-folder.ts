import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ExecutionContext } from 'ava';

/** A folder of this test's own, removed when it ends. */
export function temporaryFolder(t: Pick<ExecutionContext, 'teardown'>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'clearml-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
