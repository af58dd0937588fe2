import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { AgentError, causeLine } from '../../errors.js';
import { diskError, ensureFolder } from '../../os/files.js';
import { ProcessStream } from '../../os/process-stream.js';

export interface CopyOut {
  /** A tar archive whose entries have the folder's name as their first part. */
  read(): Promise<NodeJS.ReadableStream>;
  /** Where the container has the folder. */
  inside: string;
  to: string;
  /** For the agent's own tools. */
  environment: Readonly<Record<string, string | undefined>>;
}

/** Modes and owners of the container mean nothing here. The archive is read to its end, which may come after its mark. */
const EXTRACT: readonly [string, ...string[]] = [
  'tar',
  ...['-x', '--strip-components=1', '--no-same-owner', '--no-same-permissions', '--ignore-zeros'],
];

/**
 * Copies a folder of a container to a new folder of this machine.
 *
 * @throws AgentError ENVIRONMENT_CREATE, DISK_FULL
 */
export async function copyOut({ read, inside, to, environment }: CopyOut): Promise<void> {
  await ensureFolder(to);
  try {
    await pipeline(await read(), new ProcessStream([...EXTRACT, '-C', to], environment), ignoreAll);
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
