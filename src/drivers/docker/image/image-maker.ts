import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { controlFolder } from '../../../container/layout.js';
import type { ImageMaker } from '../../driver.js';
import type { DockerPlaceRef } from '../docker-ref.js';
import type { Engine } from '../engine.js';
import { VARIABLES_FILE } from './build-plan.js';
import { commitImage } from './commit-image.js';

export interface ImageMakerOptions {
  engine: Engine;
  ref: DockerPlaceRef;
}

/** Makes an image of a container in which a task was made ready. */
export class ContainerImageMaker implements ImageMaker {
  readonly #engine: Engine;
  readonly #ref: DockerPlaceRef;

  constructor({ engine, ref }: ImageMakerOptions) {
    this.#engine = engine;
    this.#ref = ref;
  }

  /** Variables that the image has of itself. */
  async imageVariables(): Promise<Record<string, string>> {
    const pairs = (await this.#engine.inspect(this.#ref.container))?.environment ?? [];
    return Object.fromEntries(
      pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    );
  }

  /** Names of the variables that the container was given while it was prepared. */
  async givenNames(): Promise<ReadonlySet<string>> {
    const file = path.join(controlFolder(this.#ref.runFolder), VARIABLES_FILE);
    const text = await readFile(file, 'utf8');
    return new Set([...text.matchAll(/^export (\w+)=/gm)].map(([, name = '']) => name));
  }

  /**
   * @returns the id of the image
   * @throws AgentError DOCKER_CONTAINER
   */
  make(image: Parameters<ImageMaker['make']>[0]): Promise<string> {
    const { container } = this.#ref;
    return commitImage(this.#engine, { container, ...image });
  }
}
