import { rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { stagingFolder, WORKSPACE_INSIDE } from '../../../container/layout.js';
import { AgentError, causeLine } from '../../../errors.js';
import { diskError, ensureFolder } from '../../../os/files.js';
import { ProcessStream } from '../../../os/process-stream.js';
import type { Staging } from '../../driver.js';
import type { Engine } from '../engine.js';
import type { FilesOwner, RunFiles } from './run-files.js';

export interface StagingParts {
  engine: Engine;
  container: FilesOwner;
  files: Pick<RunFiles, 'handOver'>;
  /** Host folder that the container has as its workspace. */
  workspace: string;
  /** For the agent's own tools. */
  environment: Readonly<Record<string, string | undefined>>;
}

/** The way of files between the agent and the workspace of a container. */
export function stagingOf({ engine, container, files, workspace, environment }: StagingParts): Staging {
  const of = (file: string): string => path.join(stagingFolder(workspace), path.relative(workspace, file));
  return {
    of,
    handOver: (file) => files.handOver(container, of(file), file),
    copyOut: (file, to) => {
      const inside = path.posix.join(WORKSPACE_INSIDE, path.relative(workspace, file));
      return copyOut({ engine, container: container.container, inside, to, environment });
    },
  };
}

interface CopyOut extends Pick<StagingParts, 'engine' | 'environment'> {
  container: string;
  inside: string;
  to: string;
}

/** Modes and owners of the container mean nothing here. */
const EXTRACT = ['tar', '-x', '--strip-components=1', '--no-same-owner', '--no-same-permissions'] as const;

/** The engine reads the folder, with the container's own file system as the root of every link. */
async function copyOut({ engine, container, inside, to, environment }: CopyOut): Promise<void> {
  await ensureFolder(to);
  try {
    const archive = await engine.ask(`reading ${inside}`, (docker) =>
      docker.getContainer(container).getArchive({ path: inside }),
    );
    await pipeline(archive, new ProcessStream([...EXTRACT, '-C', to], environment), ignoreAll);
  } catch (cause) {
    await rm(to, { recursive: true, force: true });
    const error = diskError(cause, to);
    throw error instanceof AgentError && error.code === 'DISK_FULL'
      ? error
      : new AgentError(
          'ENVIRONMENT_CREATE',
          `cannot copy ${inside} of the container to ${to}: ${causeLine(cause)}`,
          {
            cause,
          },
        );
  }
}

async function ignoreAll(output: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of output);
}
