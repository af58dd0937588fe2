import type { Config } from '../../config/config.js';

/** How a container reaches ssh keys. */
export type SshAccess =
  /** The agent's ssh agent answers inside; arguments that mount and name its socket. */
  | { kind: 'socket'; socket: string; arguments: string[] }
  /** A copy of the user's ssh folder is mounted. */
  | { kind: 'folder' }
  | { kind: 'none' };

/**
 * An ssh agent beats the folder, also where mounting the folder is switched off.
 *
 * @param gone no program answers at `SSH_AUTH_SOCK`: the engine would make a folder of that name
 */
export function sshAccess(config: Config, gone = false): SshAccess {
  const socket = config.variable('SSH_AUTH_SOCK');
  if (socket !== undefined && !gone) {
    return {
      kind: 'socket',
      socket,
      arguments: ['-v', `${socket}:${socket}`, '-e', `SSH_AUTH_SOCK=${socket}`],
    };
  }
  const disabled = config.flag('CLEARML_AGENT_DISABLE_SSH_MOUNT') ?? config.agent.disableSshMount;
  return { kind: disabled ? 'none' : 'folder' };
}
