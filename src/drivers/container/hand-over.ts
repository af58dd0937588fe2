import { rename } from 'node:fs/promises';
import path from 'node:path';
import { WORKSPACE_INSIDE } from '../../container/layout.js';
import { AgentError, causeLine } from '../../errors.js';
import { run } from '../../os/exec.js';

/**
 * Moves a file or folder into a workspace that a container shares. A rename looks at no link at its target, and no other
 * user reaches the files before it. Only root can give files to another user, and only then it is needed.
 *
 * @param owner `user:group` of the container's processes; `undefined` for root
 * @throws AgentError DOCKER_CONTAINER when the container has put something else there
 */
export async function handOverFile(
  from: string,
  to: string,
  { owner, env }: { owner: string | undefined; env: Readonly<Record<string, string | undefined>> },
): Promise<void> {
  if (owner !== undefined && process.getuid?.() === 0) await run(['chown', '-R', '-h', owner, from], { env });
  try {
    await rename(from, to);
  } catch (cause) {
    const inside = path.posix.join(WORKSPACE_INSIDE, path.basename(to));
    throw new AgentError('DOCKER_CONTAINER', `cannot put ${inside} into the container: ${causeLine(cause)}`, {
      hint: 'A set-up script of the task has made something of that name; let it use another folder.',
      cause,
    });
  }
}
