import type { OutputChunk } from '../driver.js';

/** Where the output of a container's command is, and how it is read; see `Workload.output`. */
export interface ContainerOutput {
  read(reading: ContainerReading): AsyncGenerator<OutputChunk>;
  /** As `Workload.release`. */
  release(position: number): Promise<void>;
  /** It has no reader any more. */
  close(): Promise<void>;
}

export interface ContainerReading {
  position: number;
  signal: AbortSignal;
  /** Aborted when the container has ended for good. */
  complete: AbortSignal;
}

/** What the journal keeps where the output is no file of this machine. */
export const IN_CONTAINER = 'in the container';
