import { OutputFile } from '../../../os/output-file.js';
import type { ContainerOutput, ContainerReading } from '../../container/container-output.js';
import type { OutputChunk } from '../../driver.js';

/** Output in a file of the run, which the container has mounted by itself. */
export class FileOutput implements ContainerOutput {
  readonly #file: string;
  #open: OutputFile | undefined;

  /** @param opened the file where this process has opened it already: its name is not looked up again then */
  constructor(file: string, opened?: OutputFile) {
    this.#file = file;
    this.#open = opened;
  }

  async *read(reading: ContainerReading): AsyncGenerator<OutputChunk> {
    const file = this.#open ?? (await OutputFile.open(this.#file));
    this.#open = file;
    try {
      yield* file.read(reading);
    } finally {
      await this.close();
    }
  }

  async release(position: number): Promise<void> {
    await this.#open?.release(position);
  }

  async close(): Promise<void> {
    const file = this.#open;
    this.#open = undefined;
    await file?.close();
  }
}
