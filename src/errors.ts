/**
 * Every error that the program reports to a user. Each row gives the exit status and the meaning of a code.
 * `docs/errors.md` lists the same rows, and a test compares the two.
 */

/** Exit statuses: 1 something failed while running, 2 the user's input is wrong. */
const USAGE = 2;
const FAILURE = 1;

export const ERROR_TABLE = {
  USAGE: [USAGE, 'The command line is wrong: an unknown flag, a missing value, contradictory flags.'],
  CONFIG_SYNTAX: [USAGE, 'A configuration text does not parse. The message names file, line and column.'],
  CONFIG_FILE: [USAGE, 'A configuration file cannot be read.'],
  CONFIG_VALUE: [USAGE, 'A configuration value has the wrong type or an impossible value.'],
  CONFIG_MISSING: [USAGE, 'The API server or the credentials are not configured.'],
  QUEUE_NOT_FOUND: [USAGE, 'A requested queue does not exist on the server.'],
  TASK_NOT_FOUND: [USAGE, 'A requested task does not exist on the server or on this machine.'],
  BUILD_TARGET: [USAGE, 'The target of a build, a folder or an image name, cannot be used.'],
  AGENT_RUNNING: [USAGE, 'Another agent on this machine has the same worker id.'],
  API_UNREACHABLE: [FAILURE, 'The API server cannot be reached.'],
  API_CREDENTIALS: [USAGE, 'The API server refuses the credentials.'],
  OWNER_TOKEN: [USAGE, "The server does not give this agent a token of the task's owner."],
  API_REFUSED: [FAILURE, 'The API server answered a call with an error.'],
  API_ANSWER: [FAILURE, 'The answer does not come from a ClearML API server.'],
  SERVER_FOLDER: [USAGE, 'The folder of the embedded server is in use, or a newer version wrote it.'],
  SERVER_USERS: [USAGE, 'The embedded server refuses a change of its users or their credentials.'],
  SERVER_LISTEN: [USAGE, 'The embedded server cannot listen on the requested address or port.'],
  SERVER_BACKUP: [FAILURE, 'A backup of the embedded server cannot be made, or is no whole backup.'],
  SERVER_DAMAGED: [FAILURE, 'The database of the embedded server is damaged.'],
  SERVER_TLS: [USAGE, 'The certificate of the embedded server, or its key, cannot be used.'],
  APP_INVALID: [USAGE, 'The file or archive of an application is wrong.'],
  COMMAND_FAILED: [FAILURE, 'A program that the agent runs ended with an error.'],
  COMMAND_MISSING: [FAILURE, 'A program that the agent needs is not installed.'],
  GPU_TOOL: [FAILURE, "The GPU vendor's tool (nvidia-smi, rocm-smi) fails or prints something unreadable."],
  GPU_TABLE: [FAILURE, "The machine's table of GPU claims cannot be used."],
  GPU_DEVICE: [FAILURE, 'The container engine cannot give the task a GPU.'],
  DISK_FULL: [FAILURE, 'A disk that the agent writes to is full.'],
  WRITE_DENIED: [
    FAILURE,
    'A folder that the agent writes to is read-only, belongs to another user or cannot be created.',
  ],
  NEWER_FORMAT: [FAILURE, 'A newer version of the agent wrote a state file; this version does not touch it.'],
  LOCK_TIMEOUT: [FAILURE, 'Another live process held a lock for too long.'],
  TASK_INVALID: [FAILURE, 'The task lacks something that it needs to run.'],
  TASK_TOO_LARGE: [FAILURE, 'The task states that it needs more than the daemon has for tasks.'],
  REPOSITORY_CLONE: [FAILURE, 'The repository cannot be cloned or fetched.'],
  REPOSITORY_REVISION: [FAILURE, 'The commit, tag or branch does not exist in the repository.'],
  REPOSITORY_DIFF: [FAILURE, 'The uncommitted changes of the task do not apply.'],
  PYTHON_MISSING: [FAILURE, 'No suitable Python interpreter is installed.'],
  ENVIRONMENT_CREATE: [FAILURE, 'The virtual environment cannot be created.'],
  REQUIREMENTS_INSTALL: [FAILURE, 'A required package cannot be installed.'],
  ENTRY_POINT_MISSING: [FAILURE, 'The entry point of the task does not exist in its code.'],
  DOCKER_ARGUMENT: [FAILURE, 'A docker argument is unknown, has a wrong value or contradicts another.'],
  DOCKER_POLICY: [FAILURE, "The administrator's container policy refuses what the task asks for."],
  DOCKER_ENGINE: [FAILURE, 'The container engine cannot be reached or refuses a call.'],
  DOCKER_IMAGE: [FAILURE, "The task's image cannot be pulled or cannot run here."],
  DOCKER_CONTAINER: [FAILURE, "The task's container cannot be created, started or prepared."],
  SLURM: [FAILURE, 'Slurm gives no answer.'],
  SLURM_JOB: [FAILURE, 'Slurm refuses a job.'],
  SLURM_FOLDER: [
    FAILURE,
    'A compute node of Slurm does not see a folder that jobs need, or cannot write to it.',
  ],
  KUBERNETES: [FAILURE, 'The API server of Kubernetes gives no answer.'],
  KUBERNETES_ACCESS: [
    USAGE,
    'The API server of Kubernetes refuses the agent, or the context or namespace does not exist.',
  ],
  KUBERNETES_POD: [FAILURE, 'Kubernetes refuses a pod, or the pod does not start.'],
  NO_PLACE: [FAILURE, 'A cluster has no room for the task: no node takes its pod, or a quota is used up.'],
  LAUNCH_FAILED: [FAILURE, "The task's command cannot be started."],
  PROCESS_STUCK: [FAILURE, 'Processes of a task survive SIGKILL because they hang in the kernel.'],
  INTERNAL: [FAILURE, 'A bug in the agent; run again with --debug and report it.'],
} as const satisfies Record<string, readonly [number, string]>;

export type ErrorCode = keyof typeof ERROR_TABLE;

export interface AgentErrorOptions {
  /** What the user can do about it, one sentence. */
  hint?: string;
  /** The last lines that a failed tool printed, shown under the cause line. */
  detail?: string;
  /** The machine or its network failed, not the task's request: a retry may succeed. */
  infrastructure?: boolean;
  cause?: unknown;
}

/** An error with a code of the table. `message` is the one cause line: what was expected, what came, where. */
export class AgentError extends Error {
  static readonly kind: string = 'AgentError';
  override readonly name = 'AgentError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly detail: string | undefined;
  readonly infrastructure: boolean;

  constructor(code: ErrorCode, message: string, options: AgentErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.detail = options.detail;
    this.infrastructure = options.infrastructure ?? false;
  }

  get exitStatus(): number {
    return ERROR_TABLE[this.code][0];
  }

  /**
   * Goes by the kind, which each derived class names: a daemon whose program is upgraded while it runs loads parts of the new
   * one, with classes of their own.
   */
  static override [Symbol.hasInstance](this: { readonly kind: string }, error: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: the class that is asked for, which may be a derived one
    return error instanceof Error && kindsOf(error.constructor).includes(this.kind);
  }
}

function kindsOf(made: unknown): unknown[] {
  if (typeof made !== 'function' || !('kind' in made)) return [];
  return [made.kind, ...kindsOf(Object.getPrototypeOf(made))];
}

export function isAgentError(error: unknown, code?: ErrorCode): error is AgentError {
  return error instanceof AgentError && (code === undefined || error.code === code);
}

/** One line that says what happened, for any thrown value. */
export function causeLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
}

/** The `code` of a system error (`ENOENT`, `ENOSPC` …), if it has one. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
