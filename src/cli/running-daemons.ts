import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { askDaemon, type ControlAnswer } from '../daemon/control.js';
import { type ControlRequest, UNKNOWN_COMMAND } from '../daemon/control-request.js';
import { AgentError, systemCode } from '../errors.js';
import { stateFolder, workerFolder } from '../os/paths.js';
import { livingDaemons, type RegisteredDaemon } from '../runs/registry.js';
import { type CommandContext, type Flag, warnerOf } from './command.js';
import type { Contradiction } from './contradictions.js';
import { notAsked } from './daemon/end-daemon.js';

/** For commands that ask one daemon of this user on this machine. */
export const WORKER_FLAG: Flag = {
  flags: '--worker <id>',
  help: 'worker id of the daemon (default: the only daemon of this user on this machine)',
};

export const ALL_FLAG: Flag = { flags: '--all', help: 'all daemons of this user on this machine' };

/** For commands with both flags. */
export const ALL_OR_ONE: Contradiction = {
  flags: ['--worker', '--all'],
  hint: 'Give --worker for one daemon, --all for every daemon.',
};

export interface RunningDaemons {
  /** State folder of the agents of this user. */
  state: string;
  daemons: readonly RegisteredDaemon[];
}

/**
 * The daemons of this user on this machine; with `--worker` the one with that id.
 *
 * @throws AgentError COMMAND_FAILED where there is none, or their folder belongs to another user
 */
export async function runningDaemons(context: CommandContext): Promise<RunningDaemons> {
  const state = stateFolder(context.env, context.home);
  await requireReadable(state);
  const living = await livingDaemons(state, warnerOf(context));
  const { worker } = context.options;
  const daemons = living.filter(({ workerId }) => worker === undefined || workerId === worker);
  if (daemons.length > 0) return { state, daemons };
  if (worker === undefined || living.length === 0)
    throw new AgentError('COMMAND_FAILED', 'no daemon of this user runs on this machine', {
      hint: 'Start one with "agent daemon". Only the user who started a daemon can control it.',
    });
  throw new AgentError('COMMAND_FAILED', `no daemon with the worker id "${worker}" runs on this machine`, {
    hint: `Running: ${idsOf(living)}.`,
  });
}

/**
 * The one daemon that a command is about, or with `--all` every one.
 *
 * @throws AgentError USAGE where there are several
 */
export async function chosenDaemons(context: CommandContext, mayBeAll: boolean): Promise<RunningDaemons> {
  const found = await runningDaemons(context);
  if (found.daemons.length === 1 || context.options.all === true) return found;
  throw new AgentError(
    'USAGE',
    `${found.daemons.length} daemons run on this machine: ${idsOf(found.daemons)}`,
    { hint: `Name one with --worker${mayBeAll ? ', or give --all' : ''}.` },
  );
}

export type DaemonAnswer = Exclude<ControlAnswer, { error: string }>;

/** @throws AgentError COMMAND_FAILED for one that does not answer or does not know the request */
export async function ask(
  state: string,
  daemon: RegisteredDaemon,
  request: ControlRequest,
): Promise<DaemonAnswer> {
  const answer = await askDaemon(workerFolder(state, daemon.workerId), request);
  if (answer === undefined) throw notAsked(daemon);
  if (!('error' in answer)) return answer;
  const { workerId, pid } = daemon;
  if (answer.error.startsWith(UNKNOWN_COMMAND))
    throw new AgentError(
      'COMMAND_FAILED',
      `${workerId} (process ${pid}) is a daemon of an earlier version, which does not know "${request.command}"`,
      { hint: 'Restart it with this version; "agent daemon --stop --leave" keeps its tasks running.' },
    );
  throw new AgentError('COMMAND_FAILED', `${workerId}: ${answer.error}`);
}

function idsOf(daemons: readonly RegisteredDaemon[]): string {
  return daemons.map(({ workerId }) => workerId).join(', ');
}

/** @throws AgentError COMMAND_FAILED where the agents' folder belongs to another user */
export async function requireReadable(state: string): Promise<void> {
  const workers = path.join(state, 'workers');
  try {
    await readdir(workers);
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes(systemCode(error) ?? '')) return;
    throw new AgentError(
      'COMMAND_FAILED',
      `${workers} belongs to another user, and only that user can control the daemons`,
      {
        hint: 'Run the command as that user, such as with "sudo -u USER".',
        cause: error,
      },
    );
  }
}
