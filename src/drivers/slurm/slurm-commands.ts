import { AgentError } from '../../errors.js';
import { type RunResult, run } from '../../os/exec.js';
import { LIST_FORMAT, type ListedJob, parseJobs } from './job-list.js';
import { UNKNOWN_JOB } from './slurm-ref.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** A controller that is away answers after its own timeouts, 10 s a try. */
const ANSWER_MS = 60_000;
/** A listing of many thousand jobs. */
const MOST_CHARACTERS = 64 * 1024 * 1024;

/** What Slurm's commands say where the controller is away or overloaded, and a later call may succeed. */
const AWAY =
  /unable to contact slurm|socket timed out|connection refused|connect failure|communications? (?:connection )?failure|zero bytes were transmitted|temporarily unable|resource temporarily unavailable|unable to connect|protocol authentication error|munge/i;

/** The exit status of sbatch for words that it cannot read; it is 1 where the controller refuses a job. */
const UNREADABLE_OPTIONS = 255;

const NO_ACCOUNTING = /accounting storage is disabled/i;
/** A task may be pending or running for weeks. */
const ACCOUNTED_DAYS = 90;

/** Variables that Slurm's commands get: what finds the controller, and nothing that is secret or an option. */
const PASSED = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SLURM_CONF', 'SLURM_CLUSTERS', 'LD_LIBRARY_PATH'];

/** The words of a failed command without the program's name, as one line. */
export function wordsOf({ stderr, stdout }: Pick<RunResult, 'stderr' | 'stdout'>): string {
  const lines = `${stderr}\n${stdout}`.split('\n').map((line) => line.trim());
  const errors = lines
    .filter((line) => line !== '' && !line.startsWith('Try "sbatch --help"'))
    .map((line) => line.replace(/^(?:\S*\/)?s\w+: (?:(?:error|fatal): )?/, ''));
  return errors.join('; ') || 'no words';
}

/** The signal that Slurm shows where a node could not open the file of a job's output. */
const OUTPUT_REFUSED = 53;

export interface ShownEnd {
  state: string;
  reason: string;
  /** The exit code of the script; `undefined` where a signal ended it. */
  code: number | undefined;
  /** The script was not started, for the file of its output could not be opened. */
  isOutputRefused: boolean;
}

/** Slurm's own programs. Their environment is small, so the job's is: nothing of the agent's gets to the controller. */
export class SlurmCommands {
  /** Variables that find the controller. */
  readonly slurm: Readonly<Record<string, string>>;
  readonly #env: Environment;

  constructor(env: Environment) {
    const passed = PASSED.map((name) => [name, env[name]]).filter(([, value]) => value !== undefined);
    const found = passed.filter(([name]) => name?.startsWith('SLURM_'));
    this.slurm = Object.fromEntries(found);
    this.#env = { ...Object.fromEntries(passed), LC_ALL: 'C' };
  }

  /** @throws AgentError SLURM for a controller that is away, COMMAND_MISSING */
  async version(): Promise<string> {
    return (await this.#succeed(['scontrol', '--version'])).trim();
  }

  /** @throws AgentError SLURM */
  async ping(): Promise<void> {
    await this.#succeed(['sinfo', '-h', '-o', '%P']);
  }

  /** Names of the partitions and their states. */
  async partitions(): Promise<{ name: string; up: boolean }[]> {
    const text = await this.#succeed(['sinfo', '-h', '-o', '%R|%a']);
    const rows = text.split('\n').filter((line) => line.includes('|'));
    return rows.map((line) => line.split('|')).map(([name = '', state]) => ({ name, up: state === 'up' }));
  }

  /**
   * @param words options, the script and its arguments
   * @returns the id of the job
   * @throws AgentError SLURM where the controller is away and the job may have been accepted nevertheless, SLURM_JOB with
   *   Slurm's words for a job that it refuses
   */
  async submit(words: readonly string[]): Promise<string> {
    const result = await this.#run(['sbatch', '--parsable', ...words]);
    const id = /^(\d+)/.exec(result.stdout)?.[1];
    if (result.exitCode === 0 && id !== undefined) return id;
    const said = wordsOf(result);
    if (result.timedOut || AWAY.test(said)) throw away('sbatch', said);
    throw new AgentError('SLURM_JOB', `Slurm refuses the job: ${said}`, {
      hint: 'Check --partition, agent.slurm.options, agent.slurm.queues and what the task asks for.',
      // A limit of jobs is over one day.
      infrastructure: /limit/i.test(said),
    });
  }

  /**
   * Has Slurm look at options without a job.
   *
   * @returns what it says of options that it does not know (`wrong`), or that it takes no job for at present (`refused`)
   */
  async judge(options: readonly string[]): Promise<{ wrong?: string; refused?: string }> {
    const result = await this.#run(['sbatch', '--test-only', ...options, '--wrap=true']);
    if (result.exitCode === 0) return {};
    const said = wordsOf(result);
    if (result.exitCode === UNREADABLE_OPTIONS) return { wrong: said };
    return result.timedOut || AWAY.test(said) ? {} : { refused: said };
  }

  /** @throws AgentError SLURM */
  async list(): Promise<Map<string, ListedJob>> {
    const user = String(process.getuid?.() ?? '');
    return parseJobs(await this.#succeed(['squeue', '-h', '-t', 'all', '-u', user, '-o', LIST_FORMAT]));
  }

  /** The end of a job that `scontrol` still knows. */
  async show(id: string): Promise<ShownEnd | undefined> {
    const result = await this.#run(['scontrol', '-o', 'show', 'job', id]);
    const state = /\bJobState=(\w+)/.exec(result.stdout)?.[1];
    if (state === undefined) return undefined;
    const [, code, signal] = /\bExitCode=(\d+):(\d+)/.exec(result.stdout) ?? [];
    const reason = /\bReason=(\S+)/.exec(result.stdout)?.[1] ?? 'None';
    return {
      state,
      reason,
      code: signal === '0' ? Number(code) : undefined,
      isOutputRefused: Number(signal) === OUTPUT_REFUSED,
    };
  }

  /**
   * The state of a job by accounting, whose exit codes are wrong.
   *
   * @param id of the job; by its name, which finds no job that was never eligible, where it is not known
   * @returns `undefined` without accounting and for a job that it does not have
   * @throws AgentError SLURM where slurmdbd is away
   */
  async accounted(key: string, id: string): Promise<ListedJob | undefined> {
    // By name sacct looks at jobs of today alone, unless it gets another start.
    const which = id === UNKNOWN_JOB ? ['--name', key, '-S', `now-${ACCOUNTED_DAYS}days`] : ['-j', id];
    const fields = '--format=JobIDRaw,State%40,NodeList';
    const result = await this.#run(['sacct', '-n', '-P', '-X', ...which, fields]).catch(() => undefined);
    if (result === undefined || NO_ACCOUNTING.test(result.stderr)) return undefined;
    if (result.exitCode !== 0) throw away('sacct', wordsOf(result));
    const [found = '', state = '', nodes = ''] = result.stdout.split('\n', 1)[0]?.split('|') ?? [];
    if (!/^\d+$/.test(found)) return undefined;
    // `CANCELLED by 1000`, and a job that never started has "None assigned".
    const node = nodes.startsWith('None') ? '' : nodes;
    return { id: found, key, node, state: state.split(' ', 1)[0] ?? '', reason: 'None' };
  }

  /** TERM to the script of a running job alone, which has its own grace. */
  async term(id: string): Promise<void> {
    await this.#run(['scancel', '--batch', '-s', 'TERM', id]);
  }

  /** The end of a job in any state: TERM, then KILL after KillWait of slurm.conf. */
  async cancel(id: string): Promise<void> {
    await this.#run(['scancel', id]);
  }

  async #succeed(argv: [string, ...string[]]): Promise<string> {
    const result = await this.#run(argv);
    if (result.exitCode === 0) return result.stdout;
    throw away(argv[0], result.timedOut ? `no answer within ${ANSWER_MS / 1000} s` : wordsOf(result));
  }

  #run(argv: [string, ...string[]]): Promise<RunResult> {
    return run(argv, { env: this.#env, timeoutMs: ANSWER_MS, maxKept: MOST_CHARACTERS });
  }
}

function away(program: string, said: string): AgentError {
  return new AgentError('SLURM', `Slurm gives no answer to ${program}: ${said}`, {
    hint: 'Check slurmctld and munge (scontrol ping).',
    infrastructure: true,
  });
}
