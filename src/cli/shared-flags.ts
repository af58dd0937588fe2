import { DRIVERS } from '../drivers/registry.js';
import { AgentError } from '../errors.js';
import { checkGpuList } from '../gpu/visibility.js';
import { LOG_FORMATS } from '../logs/log-format.js';
import type { Flag } from './command.js';

const LOG_LEVELS = ['DEBUG', 'INFO', 'WARN', 'WARNING', 'ERROR', 'CRITICAL'];

/** Which processors the work sees; the same for daemon, execute and build. */
export const machineFlags: readonly Flag[] = [
  {
    flags: '--gpus <list>',
    help: 'GPUs to use: 0,1 or 0-3, "all" or "none", UUIDs, MIG slices as 0:1',
    group: 'Machine',
    env: 'NVIDIA_VISIBLE_DEVICES',
    parse: gpuList,
  },
  { flags: '--cpu-only', help: 'use no GPU', group: 'Machine' },
];

/** Where the work is done; `help` says what that is for the command, unless the driver says it itself. */
export function driverFlags(help: string, forImages = false): readonly Flag[] {
  const modules = forImages ? DRIVERS.filter(({ makesImages }) => makesImages) : DRIVERS;
  return modules.flatMap(({ flags }) =>
    flags.map(({ setting: _, ...flag }) => ({ help, group: 'Container', ...flag })),
  );
}

/** The agent's own output; the same for daemon, execute and build. */
export const outputFlags: readonly Flag[] = [
  {
    flags: '--log-format <format>',
    help: "format of the agent's own log: text or json, one object per line (default: text)",
    choices: LOG_FORMATS,
  },
];

export const runFlags: readonly Flag[] = [
  { flags: '-O', help: 'run Python with optimization (-OO for more)', group: 'Task' },
  {
    flags: '--git-user <name>',
    help: 'user name for git over https',
    group: 'Task',
    env: 'CLEARML_AGENT_GIT_USER',
    mayBeEmpty: true,
  },
  {
    flags: '--git-pass <secret>',
    help: 'password or token for git over https; the variable keeps it out of the process list',
    group: 'Task',
    env: 'CLEARML_AGENT_GIT_PASS',
    mayBeEmpty: true,
  },
  {
    flags: '--log-level <level>',
    help: `log level inside the task: ${LOG_LEVELS.join(', ')}`,
    group: 'Task',
    default: 'INFO',
    parse: logLevel,
  },
];

function logLevel(value: string): string {
  const level = value.toUpperCase();
  if (LOG_LEVELS.includes(level)) return level;
  throw new AgentError('USAGE', `--log-level takes one of ${LOG_LEVELS.join(', ')}, got "${value}"`);
}

function gpuList(value: string): string {
  checkGpuList(value);
  return value;
}
