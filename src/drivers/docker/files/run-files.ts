import type { CreateRequest } from '../../../container/create-request.js';
import type { ContainerOutput } from '../../container/container-output.js';

/** How a container gets at the files of its run: mounted, or uploaded where the engine does not see them. */
export interface RunFiles {
  /** The container and the agent work on the same files. */
  readonly shared: boolean;
  /** The create request with what the container needs for them. */
  laid(planned: CreateRequest): CreateRequest;
  /** Where the container has the file that takes the command's output. */
  readonly outputInside: string;
  /** What must be there before the container. */
  beforeCreate(): Promise<void>;
  /** What must be there before the first process of the container. */
  beforeStart(container: string): Promise<void>;
  /** What must be there before the first script; `owner` is known by then. */
  afterStart(container: FilesOwner): Promise<void>;
  /**
   * Moves a file or folder that the agent has made, and no other user reaches, into the workspace, for the container's
   * user.
   *
   * @param to path of the host in the workspace
   * @throws AgentError DOCKER_CONTAINER when the container has put something else there
   */
  handOver(container: FilesOwner, from: string, to: string): Promise<void>;
  /**
   * Lets the waiting command become the script.
   *
   * @throws AgentError LAUNCH_FAILED when the container has ended
   */
  release(container: string, script: string): Promise<void>;
  /** The output of the command. */
  output(container: string): RunOutput;
  /** Lets go of what was opened for a command that is never launched. */
  close(): Promise<void>;
}

export interface RunOutput {
  output: ContainerOutput;
  /** What the journal keeps, so that it is found again. */
  kept: string;
}

export interface FilesOwner {
  container: string;
  /** `user:group` of its processes; `undefined` for root. */
  owner: string | undefined;
}
