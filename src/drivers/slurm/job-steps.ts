import { AgentError } from '../../errors.js';
import { type RunOptions, type RunResult, run } from '../../os/exec.js';

/** What Slurm itself says of a step; it is none of the command's words. */
const OF_SLURM =
  /^(?:srun: (?:error|launch|Job|Force|Terminating|job)|slurmstepd-?[^:]*: error: \*\*\*).*\n?/gm;
const NOT_STARTED = /^\S*: error: execve\(\): (\S+): (.*)$/m;
const NO_JOB =
  /unable to (?:confirm allocation|create step)|job\/step already completing|force terminated (?:job|step)|job(?: \d+)? has expired|invalid job id|\*\*\* (?:STEP|JOB) \S+ ON \S+ CANCELLED/i;

/** The words that run a command as a step of a running job, on its first node and beside its script. */
export function stepWords(job: string, argv: readonly string[]): [string, ...string[]] {
  const where = [`--jobid=${job}`, '--overlap', '--nodes=1', '--ntasks=1', '--relative=0', '--export=ALL'];
  return ['srun', ...where, '--kill-on-bad-exit=0', '--quiet', '--', ...argv];
}

export interface StepJob {
  id: string;
  /** Variables that find the controller. */
  slurm: Readonly<Record<string, string>>;
}

/**
 * Runs a command as a step of a job.
 *
 * @throws AgentError SLURM for a job that has ended, COMMAND_MISSING for a command that cannot start there
 */
export async function runStep(
  { id, slurm }: StepJob,
  argv: readonly string[],
  given: RunOptions,
): Promise<RunResult> {
  const env = { ...given.env, ...slurm };
  const result = await run(stepWords(id, argv), { ...given, env });
  const missing = NOT_STARTED.exec(result.stderr);
  if (missing !== null)
    throw new AgentError(
      'COMMAND_MISSING',
      `${missing[1]} cannot be started in Slurm job ${id}: ${missing[2]}`,
    );
  if (
    namesNoJob(result) ||
    (endedBySignal(result) && namesNoJob(await run(stepWords(id, ['true']), { ...given, env })))
  )
    throw new AgentError('SLURM', `Slurm job ${id} ended while the task was prepared in it`, {
      hint: `See its state with "scontrol show job ${id}".`,
      infrastructure: true,
    });
  return { ...result, stderr: result.stderr.replace(OF_SLURM, '') };
}

function namesNoJob({ exitCode, stderr }: RunResult): boolean {
  return exitCode !== 0 && NO_JOB.test(stderr.match(OF_SLURM)?.join('') ?? '');
}

/** On a busy node a step of a cancelled job ends before Slurm has said why. */
function endedBySignal({ exitCode }: RunResult): boolean {
  return exitCode !== null && exitCode >= 128;
}
