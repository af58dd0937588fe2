import path from 'node:path';
import { run } from '../os/exec.js';
import type { EnvironmentJob } from './environment-job.js';
import type { PackageTool } from './environment-request.js';

/** A third of the modules of large packages are their tests, which nobody imports. */
const TESTS = '[/\\\\]tests?[/\\\\]';

/**
 * uv leaves modules uncompiled, and each task would compile what it imports again in its own copy. So the
 * kept environment is compiled while the first task runs already, at the lowest priority.
 */
export async function compileInBackground(
  job: EnvironmentJob,
  entry: string,
  tool: PackageTool,
): Promise<void> {
  const { place, signal } = job.request;
  if (tool !== 'uv' || place.kind !== 'local') return;
  const folder = path.join(entry, 'environment', 'lib');
  const python = job.interpreter.program;
  try {
    await run(['nice', '-n', '19', python, '-E', '-s', '-m', 'compileall', '-q', '-x', TESTS, folder], {
      env: await place.environment(),
      signal,
    });
  } catch {
    // Nothing depends on it: the task compiles what it needs.
  }
}
