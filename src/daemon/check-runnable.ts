import type { TaskRecord } from '../api/task-record.js';
import { findInterpreter } from '../python/interpreter/interpreter.js';
import { mayInstallPython } from '../python/interpreter/provided-interpreter.js';
import { requestedPython } from '../python/interpreter/python-request.js';
import { pythonSettings } from '../python/settings.js';
import { checkedScript } from '../task/check-record.js';
import { interpreterKind } from '../task/code/script-binary.js';
import type { AgentContext } from '../task/context.js';

/**
 * Checks before anything is changed on the server what can be known of a task without its code: its fields, and on
 * this machine an interpreter for it.
 *
 * @throws AgentError TASK_INVALID, PYTHON_MISSING, CONFIG_VALUE
 */
export async function checkRunnable(
  ctx: AgentContext,
  record: TaskRecord,
  signal: AbortSignal,
): Promise<void> {
  const { binary } = checkedScript(record);
  const settings = pythonSettings(ctx.config);
  // conda, uv and a script of the operator's bring an interpreter of their own.
  const brings =
    settings.manager === 'conda' || settings.customBuildScript !== undefined || mayInstallPython(settings);
  const place = ctx.driver.look?.(record.id, ctx.stateFolder);
  if (place === undefined || brings || interpreterKind(binary).kind === 'shell') return;
  await findInterpreter({
    place,
    request: requestedPython(binary, settings.interpreter),
    cache: { folder: undefined, scope: '' },
    // The run itself reports which interpreter it takes.
    reporter: { line: () => undefined, output: () => undefined },
    signal,
  });
}
