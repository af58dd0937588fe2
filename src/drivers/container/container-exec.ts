/** A command that runs beside the first process of a container. */
export interface ContainerExec {
  argv: readonly string[];
  env?: readonly string[];
  cwd?: string;
  user?: string;
  input?: string | Uint8Array;
  signal?: AbortSignal;
  onOutput(data: Uint8Array, stream: 'stdout' | 'stderr'): void;
}

/** Runs it to its end. @returns its exit code */
export type RunContainerExec = (command: ContainerExec) => Promise<number>;
