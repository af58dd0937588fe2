import { randomUUID } from 'node:crypto';
import type { TaskRecord } from '../api/task-record.js';
import { LocalPlace } from '../drivers/local/local-place.js';
import { REF_VERSIONS } from '../drivers/ref-version.js';
import { findInterpreter } from '../python/interpreter/interpreter.js';
import { mayInstallPython } from '../python/interpreter/provided-interpreter.js';
import { requestedPython } from '../python/interpreter/python-request.js';
import { pythonSettings } from '../python/settings.js';
import { checkedScript } from '../task/check-record.js';
import { interpreterKind } from '../task/code/script-binary.js';
import type { AgentContext } from '../task/context.js';

/**
 * Checks before anything is changed on the server what can be known of a task without its code: its fields, and on
 * this machine an interpreter for it. The container engine has answered already.
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
  if (ctx.drivers.docker !== undefined || brings || interpreterKind(binary).kind === 'shell') return;
  const ref = {
    kind: 'local',
    version: REF_VERSIONS.local,
    taskId: record.id,
    runFolder: ctx.stateFolder,
    marker: randomUUID(),
  } as const;
  const environment = Object.fromEntries(
    Object.entries(ctx.environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  await findInterpreter({
    place: new LocalPlace(ref, environment),
    request: requestedPython(binary, settings.interpreter),
    cache: { folder: undefined, scope: '' },
    // The run itself reports which interpreter it takes.
    reporter: { line: () => undefined, output: () => undefined },
    signal,
  });
}
