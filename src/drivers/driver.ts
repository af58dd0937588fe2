import type { TaskRecord } from '../api/task-record.js';
import type { Config } from '../config/config.js';
import type { Reporter } from '../logs/reporter.js';

/**
 * A driver puts a task's code and packages in a place (this machine, a container), launches its command
 * there and lets the daemon watch it, also after the daemon was killed and started again.
 *
 *   open ─► Place: set-up steps run through it ─► launch ─► Workload ─► exited
 *                                                   │ journalled as WorkloadRef
 *                    daemon restarted ─► attach(ref) ┘
 */
export interface Driver {
  readonly kind: DriverKind;
  /** Makes the place ready for set-up steps. */
  open(request: PlaceRequest): Promise<Place>;
  /** Starts the task's command in the place. It needs no living parent from then on. */
  launch(place: Place, command: PlaceCommand): Promise<Workload>;
  /** Finds a workload of an earlier run of the daemon again; `undefined` when no trace of it is left. */
  attach(ref: WorkloadRef): Promise<Workload | undefined>;
  /**
   * Finds a command that was launched in a place although no reference to it was noted: the daemon was killed in
   * between. Also one that has ended. `undefined` when no command was launched there.
   */
  find(ref: PlaceRef): Promise<WorkloadRef | undefined>;
  /**
   * Finds the place of a run whose journal is lost by what it has left on this machine. `undefined` where this driver
   * has made none for it that could be found.
   */
  search(run: LostRun): Promise<PlaceRef | undefined>;
  /** Removes what `open` and `launch` left (containers, files outside the run folder). Safe to repeat. */
  dispose(ref: PlaceRef): Promise<void>;
  /**
   * Removes leftovers of runs under `runsFolder` that are not among `runs` (names of their folders): a daemon
   * that was killed may have made it and not noted it.
   */
  collect?(runsFolder: string, runs: ReadonlySet<string>): Promise<string[]>;
}

export type DriverKind = 'local' | 'docker';

/** A run of which only the folders are known. */
export interface LostRun {
  taskId: string;
  runFolder: string;
  /** As `PlaceRequest` has it for a container. */
  workspace: string;
}

export interface PlaceRequest {
  taskId: string;
  /** Folder of this run on the host, private to it (mode 0700): output, exit status, workspace. */
  runFolder: string;
  /**
   * Folder on the host that holds the task's code, and its virtual environment where it has its own. Beside it a
   * container's driver keeps files that the container is not to reach.
   */
  workspace: string;
  reporter: Reporter;
  signal: AbortSignal;
  /** What the place is planned from, where that is more than the folders. */
  task?: PlaceTask;
}

/** The task that a place is made for, and the worker that runs it. */
export interface PlaceTask {
  record: TaskRecord;
  /** In force for this run. */
  config: Config;
  /** Queue it was pulled from. */
  queue: string | undefined;
  workerId: string;
  workerTags: readonly string[];
  /** One of many runs of a daemon in services mode. */
  serviceTask: boolean;
  /** Token of the task's owner. */
  authToken?: string;
}

/** Set-up steps see a place only through this: it hides whether they run here or in a container. */
export interface Place {
  readonly kind: DriverKind;
  /** Plain data that goes to the journal before anything irreversible happens. */
  readonly ref: PlaceRef;
  /** What its image has in it, where it is a container: equal for images with equal files and variables. */
  readonly image?: string;
  /** False: what commands make in the place does not show up in the folders of the host. */
  readonly sharesFiles?: boolean;
  /**
   * How files get between this machine and a workspace in which the place's own commands write; absent where they
   * run on this machine.
   */
  readonly staging?: Staging;
  /** Whose tasks share caches with this one; absent where all do. */
  readonly cacheGroup?: string;
  /** The environment that commands see there before `command.env` is laid over it. */
  environment(): Promise<Readonly<Record<string, string>>>;
  /** Runs a command to its end. Does not throw for a non-zero exit; throws for a command that cannot start. */
  exec(command: PlaceCommand, options?: ExecOptions): Promise<ExecResult>;
  /** `file` is a path inside the place. */
  write(file: string, content: string | Uint8Array, mode?: number): Promise<void>;
  read(file: string): Promise<string | undefined>;
  /** Where a path of the host is seen inside the place (same path for the local place). */
  inside(hostPath: string): string;
  /**
   * Installs what the place lacks by its own package manager, as root. Only in places that are made for one
   * task; this machine is its owner's.
   *
   * @throws AgentError DOCKER_CONTAINER with the package manager's own words
   */
  provide?(needs: SystemNeeds, options: ProvideOptions): Promise<void>;
  /**
   * Runs a command in another place of the same make, with one folder of the host and nothing of the task: for
   * work on what tasks share, in which this one is to have no hand. Absent where there is no such place.
   *
   * @returns its exit status
   */
  aside?(command: AsideCommand): Promise<number>;
}

/**
 * A command in a place can put a link in the place of any file of its workspace at any moment. So the agent reads
 * and writes files of its own in a folder that no command sees, and moves or copies them as a whole.
 */
export interface Staging {
  /** Where the agent keeps or makes a file of the workspace. `file` is a path of the host in the workspace. */
  of(file: string): string;
  /**
   * Moves what was made there to its path in the workspace; it belongs to the place's user from then on.
   *
   * @throws AgentError DOCKER_CONTAINER when something else is at that path already
   */
  handOver(file: string): Promise<void>;
  /**
   * Copies a folder of the workspace to a new folder of the host, without a look at where its links lead.
   *
   * @throws AgentError ENVIRONMENT_CREATE, DISK_FULL
   */
  copyOut(file: string, to: string): Promise<void>;
}

export interface AsideCommand {
  argv: readonly [string, ...string[]];
  folder: { host: string; inside: string };
  signal: AbortSignal;
  timeoutMs: number;
}

/** What package managers of all systems have, under names of our own. `pip` brings Python and what makes environments. */
export type SystemTool = 'python' | 'pip' | 'git' | 'opencv';

export interface SystemNeeds {
  tools: readonly SystemTool[];
  /** Packages by the names that the place's package manager has for them. */
  packages?: readonly string[];
}

export interface ProvideOptions {
  reporter: Reporter;
  signal: AbortSignal;
}

export interface PlaceCommand {
  /** Argument vector, never a shell string. */
  argv: readonly [string, ...string[]];
  /** Path inside the place. */
  cwd?: string;
  /** Laid over the place's environment; `undefined` removes a variable. */
  env?: Readonly<Record<string, string | undefined>>;
}

export interface ExecOptions {
  /** Called with output as it comes, stdout and stderr in order of arrival. */
  onOutput?: (chunk: string) => void;
  input?: string;
  signal?: AbortSignal;
  timeoutMs?: number;
  /** The program calls the API server; on this machine others do not see its secrets. */
  callsServer?: boolean;
  /** By the administrator of the place, where that is another than the task's user; without effect on this machine. */
  asRoot?: boolean;
}

export interface ExecResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface PlaceRef {
  kind: DriverKind;
  /** Of the format, as in `REF_VERSIONS`. */
  version?: number;
  taskId: string;
  [key: string]: string | number | boolean | undefined;
}

export interface WorkloadRef extends PlaceRef {
  /** Where the output is kept and how it is read again; meaning is the driver's own. */
  output: string;
}

/** How a workload ended. */
export type WorkloadExit =
  /** `oomKilled`: the kernel has ended a process in it because the memory was used up. */
  | { kind: 'exited'; code: number; oomKilled?: boolean }
  | { kind: 'signalled'; signal: string; oomKilled?: boolean }
  /** It is gone and left no exit status (machine restarted, killed together with its wrapper). */
  | { kind: 'lost'; reason: string };

/** A running (or just ended) command of a task. */
export interface Workload {
  readonly ref: WorkloadRef;
  /** Settles within 100 ms of the command's end; never rejects. */
  readonly exited: Promise<WorkloadExit>;
  /**
   * Output after `position` (0 at first), in pieces; ends when the command has ended and all is read, or
   * when the signal aborts. `position` of a piece is where to resume after it.
   */
  output(position: number, signal: AbortSignal): AsyncIterable<OutputChunk>;
  /** Output before the position is kept elsewhere: its space may be given back. */
  release(position: number): Promise<void>;
  /** Polite signal, grace (which ends when `kill` aborts), kill; resolves when nothing of it is alive. */
  stop(graceMs: number, kill?: AbortSignal): Promise<void>;
}

export interface OutputChunk {
  data: Uint8Array;
  position: number;
  /** What is missing before it, and why; a sentence for the log. */
  note?: string;
}
