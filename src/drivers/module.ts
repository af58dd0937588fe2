import type { TaskContainer } from '../api/task-record.js';
import type { Config } from '../config/config.js';
import type { TemplateValues } from '../container/resolve-template.js';
import type { Driver, PlaceRef, PlaceRequest, PlaceTask, WorkloadRef } from './driver.js';

/**
 * What a driver brings with it: how it is chosen on the command line, how it is made, and what can be found out about its runs
 * without it. `registry.ts` lists the modules. A module loads its driver only when it is asked to open it.
 */
export interface DriverModule {
  /** Name in the journal; never changes. */
  readonly kind: string;
  /** Version of the references that it writes. An agent leaves newer ones alone. */
  readonly refVersion: number;
  /** Where its tasks run, for messages: `in a container`. */
  readonly where: string;
  /** Its places can become images, so `agent build` has its flags. */
  readonly makesImages?: boolean;
  /** Flags that choose it, in the commands that run tasks. Without any, it is the default and always there. */
  readonly flags: readonly DriverFlag[];
  /**
   * Reads its flags; `undefined` where they are not given.
   *
   * @param options of the command line, by their names in camel case
   * @throws AgentError USAGE
   */
  choose(options: Readonly<Record<string, unknown>>): DriverChoice | undefined;
  /** @throws AgentError for a driver that cannot work here, such as DOCKER_ENGINE, CONFIG_VALUE */
  open(host: DriverHost, choice: DriverChoice): Promise<Driver>;
  /**
   * How a task would be run, as one command line with secrets masked; nothing is made. Absent where there is no such line.
   *
   * @throws AgentError as the planning of the place does
   */
  preview?(host: DriverHost, choice: DriverChoice, request: PlaceRequest): Promise<string>;
  /**
   * Processes of a run that are alive on this machine. Absent where only the driver itself can tell: then a run stays
   * until its agent clears it up.
   */
  processes?(place: PlaceRef, workload: WorkloadRef | undefined): Promise<number[]>;
  /** Whether the folder of a run whose journal is lost shows that this driver had a place for it. */
  leftIn?(runFolder: string): Promise<boolean>;
  /**
   * How many tasks a daemon runs at once with it, each as a worker of its own. Absent where the daemon's flags alone
   * decide.
   */
  atOnce?(config: Config, choice: DriverChoice): number;
  /** What `agent doctor` looks at. Absent where there is nothing to look at. */
  readonly check?: DriverCheck;
  /** Opens the store of stopped places that `agent prune` clears. Absent where places leave nothing behind. */
  stopped?(config: Config, choice: DriverChoice | undefined): Promise<StoppedPlaces>;
  /** What `StoppedPlaces` calls the place of a reference. */
  placeId?(ref: PlaceRef): string | undefined;
}

/** The fields of a flag that a driver decides; the command line adds the rest. */
export interface DriverFlag {
  /** `--name [words...]` */
  flags: string;
  /** `undefined`: each command says what the flag means for it. */
  help?: string;
  env?: string;
  /** Takes all words up to the next flag. */
  greedy?: boolean;
  /** Heading in the help; `Container` when absent. */
  group?: string;
  /** Chooses nothing by itself and goes with another flag of the driver. */
  setting?: boolean;
}

/** A driver as the command line chose it. */
export interface DriverChoice {
  kind: string;
  /** For a driver of several engines. */
  engine?: string;
  /** The words after the flag: image and arguments for tasks that name no image. */
  words: readonly string[];
  /** Values of further flags, by names of the driver's own. */
  settings?: Readonly<Record<string, string>>;
}

/** What a driver gets from the agent: planning a place reads from the server and writes its findings back. */
export interface DriverHost {
  /** Of the daemon; what a run changes comes with its request. */
  config: Config;
  home: string;
  /** Worker id of the daemon. */
  workerId: string;
  /** The machine has a GPU that the agent sees. */
  hasGpus(): Promise<boolean>;
  /** Places become images, so nothing that is the machine's own gets into them. */
  forImage: boolean;
  /** For the agent's own log. */
  warn(text: string): void;
  /** Ends all watching when the daemon leaves; commands run on. */
  signal: AbortSignal;
  /** The name of a queue, by its id; `undefined` where the server does not tell. */
  queueName(id: string): Promise<string | undefined>;
  describe(task: PlaceTask, signal: AbortSignal): Promise<TaskDescription>;
  planned(task: PlaceTask, outcome: PlanOutcome): Promise<void>;
}

/** What only the server knows about a task when its place is planned. */
export interface TaskDescription {
  /** The task's document as the server gave it. */
  document: unknown;
  /** Full name of its project; `undefined` when it cannot be seen. */
  projectName: string | undefined;
  /** Configuration file for the inside. */
  configText: string;
  /** The server's feature set is `advanced`. */
  advanced: boolean;
  /** Absent on servers before API 2.20, and where nothing refers to them. */
  templates?: TemplateValues;
  /** `NAME=value` */
  vaultVariables: readonly string[];
}

/** What planning a place found out that the server or the log must know. */
export interface PlanOutcome {
  writeBack: TaskContainer | undefined;
  runtime: Readonly<Record<string, string>>;
  secrets: readonly string[];
}

export interface DriverCheck {
  /** In the JSON of `agent doctor`. */
  name: string;
  /** In its text. */
  title: string;
  /** One line each; nothing where this machine has none of it. */
  run(config: Config): Promise<DriverFinding[]>;
}

export interface DriverFinding {
  state: 'ok' | 'warning' | 'problem';
  text: string;
  fix?: string;
}

/** Places of tasks that have stopped or never ran, whatever agent made them. */
export interface StoppedPlaces {
  /** @param labels further labels that they must have: `name`, `name=value` */
  list(labels: readonly string[]): Promise<StoppedPlace[]>;
  /** @returns false for one that was started again, or is gone */
  remove(id: string): Promise<boolean>;
}

export interface StoppedPlace {
  id: string;
  name: string;
  image: string;
  labels: Readonly<Record<string, string>>;
  /** `exited`, `dead`; `created` for one that never ran. */
  state: string;
  exitCode: number;
  /** When it ended, or was made when it never ran; ISO. */
  since: string;
  /** Folder of the run that made it, where a label has it. */
  runFolder: string | undefined;
}
