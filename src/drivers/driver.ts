import type { TaskRecord } from '../api/task-record.js';
import type { Config } from '../config/config.js';
import type { ResourceShare } from '../container/resources/resource-words.js';
import type { Reporter } from '../logs/reporter.js';

/**
 * A driver runs tasks somewhere: on this machine, in containers of an engine, on a cluster. It opens a place for a task,
 * the agent prepares code and packages there, and the driver launches the task's command in it.
 *
 *   open ─► Place: set-up steps run through it ─► launch ─► Workload ─► exited ─► dispose
 *             │ ref, journalled before any step              │ ref, journalled at once
 *             │ daemon restarted ─► find(ref) ───────────────┤
 *             │                     attach(ref) ◄────────────┘
 *             └► daemon restarted before launch ─► dispose(ref)
 *
 * **Who calls what.** `task/` calls `open`, the methods of `Place`, `launch` and the methods of `Workload`, in this
 * order, once for each run. `daemon/` calls `attach`, `find`, `search`, `collect` and `dispose` when it recovers runs of an
 * earlier daemon, and `dispose` at the end of each run, or `clear` where `open` failed.
 *
 * **What may run at once.** Runs are independent: every method may be called for several tasks at once. Within one
 * place `exec`, `write` and `read` overlap only where its capabilities say `agentUser`.
 *
 * **What must be safe to repeat.** `attach`, `find`, `search`, `dispose`, `clear`, `collect`, `stop`, `release`: a daemon may be
 * killed in any of them, and the next one calls it again.
 *
 * **What may come after a failed call.** A failed `open` has removed what it made, or `clear` does; nothing else is called. After a
 * failed set-up step or `launch` only `dispose` follows. `exited` never rejects: an unknown end is an exit `lost`.
 *
 * **What survives a crash.** References (`PlaceRef`, `WorkloadRef`) are plain data of the driver's own, with the version of
 * their format. The journal returns them unchanged. A launched command and its output need no living agent.
 */
export interface Driver {
  /** Name of its kind in the journal, as `DriverModule` has it. */
  readonly kind: string;
  /** Of each place that it opens. */
  readonly capabilities: Capabilities;
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
  /** Finds the place of a run whose journal is lost, by what it left on this machine; `undefined` where there is none. */
  search(run: LostRun): Promise<PlaceRef | undefined>;
  /** Removes what `open` and `launch` left (containers, files outside the run folder). */
  dispose(ref: PlaceRef): Promise<void>;
  /** Removes what a failed `open` of this process could not remove. Does nothing for other runs. */
  clear?(run: LostRun): Promise<void>;
  /**
   * Removes leftovers of runs under `runsFolder` that are not among `runs` (names of their folders): a daemon
   * that was killed may have made it and not noted it.
   *
   * @returns what was removed, for the log: `container 0a1b2c3d4e5f`
   */
  collect?(runsFolder: string, runs: ReadonlySet<string>): Promise<string[]>;
  /**
   * A place for a look before a task is taken, without opening one. Absent where a place exists only once it is opened.
   * @param folder that the place may name as its run's; nothing is made there
   */
  look?(taskId: string, folder: string): Place;
  /** For making an image of an open place instead of launching a command in it. */
  imageMaker?(place: Place): Promise<ImageMaker>;
}

/** What the places of a driver are like. Code above the drivers asks this, and never which driver it is. */
export interface Capabilities {
  /** Paths of this machine name the same files there: programs, configuration, other folders of the user. */
  readonly hostPaths: boolean;
  /** Commands run as the agent's own user, so that several set-up steps may write to the workspace at once. */
  readonly agentUser: boolean;
  /** A place is made for one task and removed after it. Otherwise it is shared: what a step installs stays. */
  readonly disposable: boolean;
  /** A place has only the GPUs that the driver gives it. Otherwise variables pin the command to them. */
  readonly assignsGpus: boolean;
  /** A place has variables, a home and a configuration file of its own. */
  readonly ownEnvironment: boolean;
  /** Opening a place may take minutes (an image is pulled), so the code is fetched meanwhile. */
  readonly slowToOpen: boolean;
  /** A scheduler applies the processors, memory and time that the task states. Otherwise the agent does. */
  readonly appliesResources: boolean;
}

/** Makes an image of a place in which a task was made ready. */
export interface ImageMaker {
  /** Variables that the image under the place has of itself. */
  imageVariables(): Promise<Record<string, string>>;
  /** Names of the variables that the place was given while it was prepared. */
  givenNames(): Promise<ReadonlySet<string>>;
  /**
   * @param entryPoint command that the image runs; `undefined` for none of its own
   * @returns the id of the image
   * @throws AgentError DOCKER_CONTAINER
   */
  make(image: { name: string; entryPoint: readonly string[] | undefined }): Promise<string>;
}

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
  /** Folder on the host for the task's code and virtual environment. Files beside it are kept from the container. */
  workspace: string;
  reporter: Reporter;
  signal: AbortSignal;
  /** What the place is planned from, where that is more than the folders. */
  task?: PlaceTask;
  /** Told why a scheduler lets the place wait; `undefined` once it does not wait. */
  pending?(reason: string | undefined): void;
  /** Waits for what takes nothing of this machine, such as a node: other tasks are prepared meanwhile. */
  waiting?<T>(wait: () => Promise<T>): Promise<T>;
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
  /** `CLEARML_AGENT_GPU_FRACTIONS`: part that the task has of each of its GPUs. */
  gpuFractions?: string;
  /** The CPUs that its command gets, as Linux lists them (`0-15,32`); all where absent. */
  cpus?: string;
  /** Most that it may use, as far as the place can hold it to that. */
  limits?: ResourceShare;
}

/** Set-up steps see a place only through this. */
export interface Place {
  readonly capabilities: Capabilities;
  /** Plain data that goes to the journal before anything irreversible happens. */
  readonly ref: PlaceRef;
  /** What its image has in it, where it is a container: equal for images with equal files and variables. */
  readonly image?: string;
  /** False: what commands make in the place does not show up in the folders of the host. */
  readonly sharesFiles?: boolean;
  /** How files get between this machine and a workspace in which the place's commands write; absent where those run here. */
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
   * Installs what the place lacks by its own package manager, as root. Only in disposable places.
   * @throws AgentError DOCKER_CONTAINER with the package manager's words
   */
  provide?(needs: SystemNeeds, options: ProvideOptions): Promise<void>;
  /**
   * Runs a command in another place of the same make, with one folder of the host and nothing of the task: for
   * work on what tasks share, in which this one is to have no hand. Absent where there is no such place.
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
   * @throws AgentError DOCKER_CONTAINER when something else is at that path already
   */
  handOver(file: string): Promise<void>;
  /**
   * Copies a folder of the workspace to a new folder of the host, without a look at where its links lead.
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

/** What all package managers have, under names of our own. `pip` brings Python and what makes environments. */
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
  /** Of the driver. */
  kind: string;
  /** Of the format, as in `DriverModule.refVersion`. */
  version?: number;
  taskId: string;
  [key: string]: string | number | boolean | undefined;
}

export interface WorkloadRef extends PlaceRef {
  /** Where the output is kept and how it is read again; meaning is the driver's own. */
  output: string;
}

/** Why the scheduler ended a command. `evicted`: its node lacked memory or disk. `cancelled`: by a user past the agent. */
export type PlaceEnd = 'time_limit' | 'preempted' | 'evicted' | 'cancelled';

/** How a workload ended. */
export type WorkloadExit =
  /** `oomKilled`: the kernel has ended a process in it because the memory was used up. */
  | { kind: 'exited'; code: number; oomKilled?: boolean }
  | { kind: 'signalled'; signal: string; oomKilled?: boolean }
  | { kind: 'ended'; by: PlaceEnd; reason: string }
  /** It is gone and left no exit status (machine restarted, killed together with its wrapper). */
  | { kind: 'lost'; reason: string };

/** A running (or just ended) command of a task. */
export interface Workload {
  readonly ref: WorkloadRef;
  /** Settles within 100 ms of the command's end, on a cluster within about a second; never rejects. */
  readonly exited: Promise<WorkloadExit>;
  /**
   * Output after `position` (0 at first), in pieces; ends when the command has ended and all is read, or
   * when the signal aborts. `position` of a piece is where to resume after it.
   */
  output(position: number, signal: AbortSignal): AsyncIterable<OutputChunk>;
  /** Output before the position is kept elsewhere: its space may be given back. */
  release(position: number): Promise<void>;
  /** Calls back with why a scheduler lets the command wait; `undefined` once it does not. Absent where none waits. */
  onPending?(told: (reason: string | undefined) => void): void;
  /** Polite signal, grace (which ends when `kill` aborts), kill; resolves when nothing of it is alive. */
  stop(graceMs: number, kill?: AbortSignal): Promise<void>;
}

export interface OutputChunk {
  data: Uint8Array;
  position: number;
  /** What is missing before it, and why; a sentence for the log. */
  note?: string;
}
