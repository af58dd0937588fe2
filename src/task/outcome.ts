import type { WorkloadExit } from '../drivers/driver.js';
import type { FailureClass } from './failure-class.js';
import { PUT_BACK } from './status-texts.js';

/** Why the agent itself ended a task's workload. */
export type StopReason =
  /** The user aborted it: message `stopping` on a running task. */
  | 'stopped'
  /** Someone set it back to `created`, and perhaps had it run elsewhere since. */
  | 'reset'
  /** Someone gave it another final status. */
  | 'status_changed'
  /** Someone set it to `failed`. */
  | 'exception'
  /** The server does not know it any more. */
  | 'not_found'
  /** The agent was stopped. */
  | 'shutdown'
  /** The operator's program `before_task` failed. */
  | 'hook'
  /** No place in a cluster was found for it in time. */
  | 'no_place'
  /** The time that the task states for itself is over. */
  | 'time_limit';

/** Code that the original shows with each reason in the task's log. */
export const STOP_CODES: Record<StopReason, number> = {
  stopped: 1,
  reset: 2,
  status_changed: 3,
  exception: 4,
  not_found: 5,
  shutdown: 0,
  hook: 0,
  no_place: 0,
  time_limit: 0,
};

/** Reasons after which the log on the server is no longer this run's. */
const WITHOUT_LOG: ReadonlySet<StopReason> = new Set(['reset', 'not_found']);

export function leavesNoLog(reason: StopReason | undefined): boolean {
  return reason !== undefined && WITHOUT_LOG.has(reason);
}

/** How a task's run ended, before the server knows. */
export type RunEnd = EndByItself | StoppedEnd;

/** The agent ended the workload. */
export interface StoppedEnd {
  kind: 'stop';
  reason: StopReason;
  /**
   * For `shutdown`, what asked for it, and where: `SIGTERM (worker gpu1:0 on rig1)`. For `hook` and `no_place`, what is
   * wrong. For `time_limit`, which one.
   */
  by?: string;
  /** The task goes back to the front of its queue. */
  requeue?: true;
}

/** `stands`: keep the status that the task got meanwhile. */
export type EndByItself = {
  stands?: true;
} /**
 * `gpuFault`: what is wrong with a GPU that the command could use. `diskFull`: the folder of the command's output, whose
 * disk was full when the command failed.
 */ & (
  | { kind: 'exit'; exit: WorkloadExit; gpuFault?: string; diskFull?: string }
  /**
   * Set-up failed; `reason` is a short text for the status, `cause` the line for the log, `words` the lines
   * below it: the tool's own words, and what to do.
   */
  | {
      kind: 'setup';
      reason: string;
      cause: string;
      words?: readonly string[];
      class?: FailureClass;
      /** The machine or its network is to blame. */
      infrastructure?: boolean;
    }
);

/** The last call and the last log line of a task. */
export interface Settlement {
  /** `undefined`: keep the status that the task already has. */
  call: 'completed' | 'failed' | 'stopped' | 'requeued' | undefined;
  status_reason: string;
  logText: string;
  /** Exit status for `agent execute`. */
  exitStatus: number;
  /** What kind of failure it was, where it was one. */
  failure?: FailureClass;
  /** The task is back in its queue. */
  retried?: true;
}

const SIGNAL_NUMBERS: Record<string, number> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
};

/** What to tell the server at the end of a run; texts are those that the web UI shows for the original. */
export function settlementOf(end: RunEnd): Settlement {
  if (end.kind === 'stop') return stopSettlement(end);
  const settlement = settlementByItself(end);
  return end.stands ? { ...settlement, call: undefined } : settlement;
}

function settlementByItself(end: EndByItself): Settlement {
  switch (end.kind) {
    case 'exit':
      return exitSettlement(end.exit, blameText(end));
    case 'setup':
      return {
        call: 'failed',
        status_reason: end.reason,
        logText: [`Process failed: ${end.cause}`, ...(end.words ?? []).map((line) => `  ${line}`)].join('\n'),
        exitStatus: 1,
      };
  }
}

function exitSettlement(exit: WorkloadExit, blame: string | undefined): Settlement {
  switch (exit.kind) {
    case 'exited':
      return codeSettlement(exit.code, exit.oomKilled ? 'a process ran out of memory' : blame);
    case 'signalled': {
      const number = SIGNAL_NUMBERS[exit.signal] ?? 0;
      if (exit.signal === 'SIGINT') return userAbort();
      const why = exit.oomKilled ? 'out of memory' : blame;
      return failed(`-${number}`, ` (${[exit.signal, why].filter(Boolean).join(', ')})`, 128 + number);
    }
    case 'ended':
      return {
        call: exit.by === 'cancelled' ? 'stopped' : 'failed',
        status_reason: `worker execution ended: ${exit.reason}`,
        logText: `Process ended: ${exit.reason}`,
        exitStatus: 1,
      };
    case 'lost':
      return {
        call: 'failed',
        status_reason: `worker execution lost: ${exit.reason}`,
        logText: `Process failed: no exit status was left behind (${exit.reason})`,
        exitStatus: 1,
      };
  }
}

function blameText({ gpuFault, diskFull }: { gpuFault?: string; diskFull?: string }): string | undefined {
  if (gpuFault !== undefined) return `GPU fault: ${gpuFault}`;
  return diskFull && `no space left on the disk of its output, ${diskFull}`;
}

function codeSettlement(code: number, why: string | undefined): Settlement {
  if (code === 0) {
    return {
      call: 'completed',
      status_reason: 'worker execution done',
      logText: 'Process completed successfully',
      exitStatus: 0,
    };
  }
  return failed(String(code), why === undefined ? '' : ` (${why})`, code);
}

function failed(code: string, why: string, exitStatus: number): Settlement {
  return {
    call: 'failed',
    status_reason: `worker execution exit code ${code}${why}`,
    logText: `Process failed, exit code ${code}${why}`,
    exitStatus,
  };
}

function userAbort(): Settlement {
  return {
    call: 'stopped',
    status_reason: 'user abort',
    logText: 'Process terminated by user',
    exitStatus: 130,
  };
}

function operatorStop(by: string, requeue: boolean): Settlement {
  const status_reason = `${requeue ? PUT_BACK : ''}stopped by the operator: ${by}`;
  return {
    call: requeue ? 'requeued' : 'stopped',
    status_reason,
    logText: `Process ended: ${status_reason}`,
    exitStatus: 130,
  };
}

function untakenStop(problem: string, requeue: boolean): Settlement {
  const status_reason = `${requeue ? PUT_BACK : ''}${problem}`;
  const call = requeue ? 'requeued' : 'stopped';
  return { call, status_reason, logText: `Process ended: ${status_reason}`, exitStatus: 1 };
}

function limitStop(reached: string): Settlement {
  return { call: 'failed', status_reason: reached, logText: `Process failed: ${reached}`, exitStatus: 1 };
}

function stopSettlement({ reason, by, requeue }: StoppedEnd): Settlement {
  switch (reason) {
    case 'hook':
      return untakenStop(by ?? 'the hook before_task failed', requeue === true);
    case 'no_place':
      return untakenStop(by ?? 'there was no room for it', requeue === true);
    case 'stopped':
      return {
        call: 'stopped',
        status_reason: 'task was stopped by tasks.stop',
        logText: 'Process aborted by user',
        exitStatus: 130,
      };
    case 'time_limit':
      return limitStop(by ?? 'time limit reached');
    case 'shutdown':
      return by === undefined ? userAbort() : operatorStop(by, requeue === true);
    case 'not_found':
      return {
        call: 'stopped',
        status_reason: 'the server did not know the task',
        logText: 'Process ended: task status is not_found',
        exitStatus: 1,
      };
    default:
      return {
        call: undefined,
        status_reason: '',
        logText: `Process ended: task status is ${reason}`,
        exitStatus: 1,
      };
  }
}
