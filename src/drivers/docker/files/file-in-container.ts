import { pipeline } from 'node:stream';
import { extract } from 'tar-stream';
import type { Engine } from '../engine.js';

/**
 * Content of a file in a container, also in one that has ended; nothing for one that is gone.
 *
 * @throws AgentError DOCKER_ENGINE, DOCKER_CONTAINER
 */
export async function* fileInContainer(
  engine: Engine,
  container: string,
  file: string,
): AsyncGenerator<Uint8Array> {
  const archive = await engine.askIfThere((docker) =>
    docker.getContainer(container).getArchive({ path: file }),
  );
  if (archive === undefined) return;
  const entries = extract();
  // Its errors come out where the entries are read.
  pipeline(archive, entries, () => undefined);
  for await (const entry of entries) {
    for await (const data of entry) if (data instanceof Uint8Array) yield data;
  }
}
