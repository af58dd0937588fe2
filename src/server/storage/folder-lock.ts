import path from 'node:path';
import { AgentError, isAgentError } from '../../errors.js';
import { acquireLock, type Release } from '../../os/lock.js';

/**
 * Takes the folder of a server for this process alone: two servers on one folder would hand out the same task twice.
 * Others may still read its database.
 *
 * @throws AgentError SERVER_FOLDER when a server runs on the folder, or a command that changes it as a whole
 */
export async function lockFolder(folder: string): Promise<Release> {
  const what = `the server's folder ${folder}`;
  try {
    return await acquireLock(path.join(folder, 'server.lock'), { timeoutMs: 0, what });
  } catch (error) {
    if (!isAgentError(error, 'LOCK_TIMEOUT')) throw error;
    throw new AgentError('SERVER_FOLDER', error.message, {
      hint: 'Stop the server that uses it, or name another folder with --folder.',
      cause: error,
    });
  }
}
