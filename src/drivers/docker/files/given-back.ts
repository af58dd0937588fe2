import { WORKSPACE_INSIDE } from '../../../container/layout.js';
import { run } from '../../../os/exec.js';
import { runAside, type SideContainer } from '../containers/side-container.js';

export interface GiveBackRequest extends Omit<SideContainer, 'user'> {
  workspace: string;
  /** For the agent's own tools. */
  environment: Readonly<Record<string, string | undefined>>;
}

const TIMEOUT_MS = 60_000;

/** `user:group` of this process. */
export function ownUser(): string {
  return `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
}

/** What containers write as root an agent of another user could not remove. */
export function mustBeGivenBack(): boolean {
  return (process.getuid?.() ?? 0) !== 0;
}

/** Makes the agent's user the owner of what a container has left in the workspace. */
export async function giveBack({ workspace, environment, ...side }: GiveBackRequest): Promise<void> {
  const user = ownUser();
  const [uid = ''] = user.split(':');
  const foreign = await run(['find', workspace, '!', '-uid', uid, '-print', '-quit'], { env: environment });
  if (foreign.stdout === '') return;
  await runAside(
    { ...side, user: '0' },
    {
      argv: ['/bin/sh', '-c', 'chown -R "$1" "$2"', 'sh', user, WORKSPACE_INSIDE],
      folder: { host: workspace, inside: WORKSPACE_INSIDE },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      timeoutMs: TIMEOUT_MS,
    },
  );
}
