import { once } from 'node:events';
import { pipeline, Readable } from 'node:stream';
import { extract, type Header, type Pack, pack } from 'tar-stream';
import { WORKSPACE_INSIDE } from '../../../container/layout.js';
import { type ArchiveOwner, ownerFields } from '../../container/tree-archive.js';
import { containerOwner } from '../containers/container-owner.js';
import type { Engine } from '../engine.js';

/** What becomes of a container that was prepared. */
export interface ImageCommit {
  container: string;
  /** `name`, `name:tag` or `registry/name:tag`. */
  name: string;
  /** Command that the image runs; `undefined` leaves it the one of its base without the base's entry point. */
  entryPoint: readonly string[] | undefined;
}

/**
 * Makes an image of a container. Mounted folders are no part of a container's own files, so the workspace is
 * put into a second container, which is never started, above what the first one has become.
 *
 * @returns the id of the image
 * @throws AgentError DOCKER_CONTAINER with the engine's own words
 */
export async function commitImage(engine: Engine, commit: ImageCommit): Promise<string> {
  const prepared = await commitContainer(engine, commit.container);
  // An image is what its container is: the second one has the command that the image is to have.
  const second = await engine.create({
    Image: prepared,
    HostConfig: {},
    ...(commit.entryPoint
      ? { Entrypoint: [...commit.entryPoint], Cmd: [] }
      : { Entrypoint: NO_ENTRY_POINT, Cmd: await commandOf(engine, commit.container) }),
  });
  try {
    await bringFolder(engine, second, commit);
    return await commitContainer(engine, second, {
      ...splitName(commit.name),
      // Podman would keep the empty word, which other programs try to run.
      ...(commit.entryPoint ? {} : { changes: 'ENTRYPOINT []' }),
    });
  } finally {
    await engine.remove(second);
    // Where an image is kept as a chain of its parents, it stays as one of them.
    await engine.askIfThere((docker) => docker.getImage(prepared).remove()).catch(() => undefined);
  }
}

/** What the engine takes as "none". */
const NO_ENTRY_POINT = [''];

/** `registry:5000/name` has no tag, `name:1` has. */
export function splitName(name: string): { repo: string; tag: string } {
  const found = /^(.+):([^/:]+)$/.exec(name);
  return { repo: found?.[1] ?? name, tag: found?.[2] ?? 'latest' };
}

async function commitContainer(
  engine: Engine,
  container: string,
  options: { repo?: string; tag?: string; changes?: string } = {},
): Promise<string> {
  // Nothing runs in the container but a shell that waits.
  const made: { Id: string } = await engine.ask('making the image', (docker) =>
    docker.getContainer(container).commit({ ...options, pause: false }),
  );
  return made.Id;
}

/** Command of the image that a container was made from. */
async function commandOf(engine: Engine, container: string): Promise<string[]> {
  const config = await engine.ask('looking at the image', async (docker) => {
    const { Image } = await docker.getContainer(container).inspect();
    return (await docker.getImage(Image).inspect()).Config;
  });
  const { Cmd: command } = config;
  const words = Array.isArray(command) ? command : command ? [command] : [];
  return words.length > 0 ? words : ['/bin/sh'];
}

/** What installs packages, and its cache. */
const LEFT_OUT: ReadonlySet<string> = new Set(['.uv-cache', 'venv.tools']);

/** The code belongs to the user of the image, who may write beside it. */
async function bringFolder(
  engine: Engine,
  container: string,
  { container: prepared }: ImageCommit,
): Promise<void> {
  const [uid = 0, gid = 0] = (await containerOwner(engine, prepared))?.split(':').map(Number) ?? [];
  const owner = { uid, gid };
  const given = await engine.ask('reading the workspace', (docker) =>
    docker.getContainer(prepared).getArchive({ path: `${WORKSPACE_INSIDE}/.` }),
  );
  const archive = pack();
  const entries = extract();
  // Its errors come out where the entries are read.
  pipeline(given, entries, () => undefined);
  const read = async (): Promise<void> => {
    for await (const entry of entries) {
      const [, top = ''] = entry.header.name.split('/', 2);
      if (LEFT_OUT.has(top)) entry.resume();
      else await pass(entry, archive.entry(ownedBy(owner, entry.header)));
    }
    archive.finalize();
  };
  const put = engine.ask('bringing the code into the image', (docker) =>
    docker.getContainer(container).putArchive(Readable.from(archive), { path: WORKSPACE_INSIDE }),
  );
  await Promise.all([put, read().catch((error: Error) => archive.destroy(error))]);
}

function ownedBy(owner: ArchiveOwner, header: Header): Header {
  const own = ownerFields(owner);
  return { ...header, ...own, pax: Object.assign({}, header.pax, own.pax), uname: '', gname: '' };
}

async function pass(from: AsyncIterable<unknown>, to: ReturnType<Pack['entry']>): Promise<void> {
  for await (const data of from) if (!to.write(data)) await once(to, 'drain');
  to.end(undefined);
}
