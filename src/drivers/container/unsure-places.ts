import type { Driver, LostRun } from '../driver.js';

/** Runs whose `open` failed and may have left a container, which `Driver.clear` removes. */
export class UnsurePlaces {
  readonly #folders = new Set<string>();

  add({ runFolder }: Pick<LostRun, 'runFolder'>): void {
    this.#folders.add(runFolder);
  }

  delete({ runFolder }: Pick<LostRun, 'runFolder'>): void {
    this.#folders.delete(runFolder);
  }

  /** Nothing happens for other runs. A run stays unsure where this fails. */
  async clear(run: LostRun, driver: Pick<Driver, 'search' | 'dispose'>): Promise<void> {
    if (!this.#folders.has(run.runFolder)) return;
    const ref = await driver.search(run);
    if (ref !== undefined) await driver.dispose(ref);
    this.delete(run);
  }
}
