import { access } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { AgentError } from '../../errors.js';
import { run } from '../../os/exec.js';
import { diskError, isMissing } from '../../os/files.js';
import { isObject } from '../json.js';
import type { Bindable, Row } from './database.js';

const PROGRAM = fileURLToPath(new URL('./database-job.mjs', import.meta.url));

/**
 * Runs one statement on a database beside the server that uses it. It has a process of its own: requests are answered meanwhile,
 * and a server that ends does not wait for it.
 *
 * @throws AgentError SERVER_FOLDER, DISK_FULL; the signal's reason
 */
export async function runDatabaseJob(
  file: string,
  sql: string,
  parameters: readonly Bindable[] = [],
  signal?: AbortSignal,
): Promise<Row[]> {
  await access(file).catch((error: unknown) => {
    if (!isMissing(error)) throw diskError(error, file);
    throw new AgentError('SERVER_FOLDER', `there is no ${file}: expected the folder of a server`, {
      hint: 'Name its folder with --folder.',
    });
  });
  const argv = [process.execPath, PROGRAM, file, sql, JSON.stringify(parameters)] as const;
  const { exitCode, stdout, stderr } = await run([...argv], { env: {}, ...(signal && { signal }) });
  const outcome: unknown = exitCode === 0 ? JSON.parse(stdout) : undefined;
  if (isObject(outcome) && Array.isArray(outcome.rows)) return outcome.rows as unknown as Row[];
  const { message = `status ${exitCode}: ${stderr.trim()}`, code } = isObject(outcome) ? outcome : {};
  throw jobError(file, String(message), code);
}

function jobError(file: string, message: string, code: unknown): AgentError {
  if (code === 'SQLITE_FULL')
    return new AgentError('DISK_FULL', `${file}: no space left on the disk`, {
      hint: 'A copy of the database needs as much space as the database.',
    });
  return new AgentError('SERVER_FOLDER', `${file}: ${message}`);
}
