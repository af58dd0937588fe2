import path from 'node:path';
import { stagingFolder, WORKSPACE_INSIDE } from '../../../container/layout.js';
import { copyOut } from '../../container/copy-out.js';
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
      const read = () =>
        engine.ask(`reading ${inside}`, (docker) =>
          docker.getContainer(container.container).getArchive({ path: inside }),
        );
      return copyOut({ read, inside, to, environment });
    },
  };
}
