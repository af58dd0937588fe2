import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { CreateRequest } from '../../../container/create-request.js';
import { ensureFolder, writeFileDurable } from '../../../os/files.js';
import type { Engine } from '../engine.js';

export interface SharedFilesQuestion {
  /** Folder of the agent to try. */
  folder: string;
  /** How the engine sees a path of the agent; `undefined` for one that it cannot see. */
  engineSees(file: string): string | undefined;
  /** An image that the engine has. */
  image: Pick<CreateRequest, 'Image' | 'platform'>;
}

/** Time for a container that only looks for a file. */
const ANSWER_MS = 30_000;

/**
 * Finds out whether the engine sees the agent's files: it is asked to mount one whose name no program can have
 * guessed. An engine on another machine cannot, nor can one outside of the agent's own container.
 *
 * @throws AgentError of the engine
 */
export async function engineSharesFiles(engine: Engine, question: SharedFilesQuestion): Promise<boolean> {
  const { folder, engineSees, image } = question;
  const marker = path.join(folder, `seen-${randomBytes(8).toString('hex')}`);
  const Source = engineSees(marker);
  if (Source === undefined) return false;
  await ensureFolder(folder);
  await writeFileDurable(marker, '');
  const Mounts = [{ Type: 'bind', Source, Target: '/.clearml.seen', ReadOnly: true }];
  let container: string | undefined;
  try {
    container = await engine.create({
      ...image,
      Entrypoint: ['/bin/sh', '-c', '[ -f /.clearml.seen ]'],
      HostConfig: { NetworkMode: 'none', Mounts },
    });
    if (!(await engine.facts()).podman) return true;
    // Podman makes a folder of what does not exist.
    await engine.start(container);
    await engine.wait(container, AbortSignal.timeout(ANSWER_MS));
    return (await engine.inspect(container))?.exitCode === 0;
  } catch (error) {
    if (error instanceof Error && error.message.includes(`mount source ${Source} `)) return false;
    throw error;
  } finally {
    if (container !== undefined) await engine.remove(container);
    await rm(marker, { force: true });
  }
}
