import { AgentError } from '../../errors.js';
import type { Reporter } from '../../logs/reporter.js';
import type { JobBoard, JobView } from './job-board.js';
import { isLive, isPending, isStranded, type ListedJob, pendingText } from './job-list.js';

export interface AwaitedJob {
  key: string;
  id: string;
  board: JobBoard;
  /** Gets the reasons why the job is pending. */
  reporter: Reporter;
  /** As `PlaceRequest` has it. */
  pending?: ((reason: string | undefined) => void) | undefined;
  signal: AbortSignal;
}

/**
 * Waits until a job runs.
 *
 * @returns the node that it runs on
 * @throws AgentError SLURM_JOB for one that ends before; the signal's reason when it aborts
 */
export async function jobStarts({ key, id, board, reporter, pending, signal }: AwaitedJob): Promise<string> {
  let said: string | undefined;
  const say = (text: string) => {
    if (text !== said) reporter.line(text);
    said = text;
  };
  return new Promise<string>((resolve, reject) => {
    const unwatch = board.watch(key, look);
    const end = (act: () => void) => {
      unwatch();
      signal.removeEventListener('abort', abort);
      pending?.(undefined);
      act();
    };
    const abort = () => end(() => reject(signal.reason));
    const gone = (how: string) =>
      end(() =>
        reject(
          new AgentError('SLURM_JOB', `Slurm job ${id} ended before the task was prepared: ${how}`, {
            infrastructure: true,
          }),
        ),
      );
    function look(view: JobView): void {
      if (view.kind === 'away') say(`${view.words}; the agent keeps asking`);
      else if (view.kind === 'missing') gone('Slurm does not know it any more');
      else listed(view.job);
    }
    function listed(job: ListedJob): void {
      if (!isLive(job) || isStranded(job)) gone(`${job.state} (${job.reason})`);
      else if (job.state === 'RUNNING') end(() => resolve(job.node));
      else if (isPending(job) && job.reason !== 'None') {
        say(pendingText(job));
        pending?.(pendingText(job));
      }
    }
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
