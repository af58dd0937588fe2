import { pipeline } from 'node:stream';
import { extract } from 'tar-stream';
import { InsideOutput } from '../../container/inside-output.js';
import type { Engine } from '../engine.js';

/** Output in a file of a container whose engine does not see the files of this machine. */
export function outputInside(engine: Engine, container: string, file: string): InsideOutput {
  return new InsideOutput({
    file,
    follow: (argv, signal) => engine.execOutput(container, { argv, signal }),
    run: (command) => engine.exec(container, command),
    rest: (position) => restOfFile({ engine, container, file }, position),
  });
}

interface FileInContainer {
  engine: Engine;
  container: string;
  file: string;
}

async function* restOfFile(where: FileInContainer, position: number): AsyncGenerator<Uint8Array> {
  let skip = position;
  for await (const data of fileInContainer(where)) {
    const fresh = data.subarray(Math.min(skip, data.length));
    skip -= data.length - fresh.length;
    if (fresh.length > 0) yield fresh;
  }
}

/**
 * Content of a file in a container, also in one that has ended; nothing for one that is gone.
 *
 * @throws AgentError DOCKER_ENGINE, DOCKER_CONTAINER
 */
async function* fileInContainer({ engine, container, file }: FileInContainer): AsyncGenerator<Uint8Array> {
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
