import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { FileHandle } from 'node:fs/promises';
import { withoutAgentSecrets } from './child-environment.js';
import { processEnvironment } from './environment.js';

/**
 * Gives a range of a file back to the file system; it reads as zeros from then on, and the file keeps its length.
 * By the `fallocate` of util-linux, because Node has no call for it.
 *
 * @returns `false` where the system or the file system cannot do that
 */
export async function freeRange(handle: FileHandle, start: number, length: number): Promise<boolean> {
  const range = ['--punch-hole', '--offset', String(start), '--length', String(length)];
  const child = spawn('fallocate', [...range, '/proc/self/fd/3'], {
    env: withoutAgentSecrets(processEnvironment()),
    stdio: ['ignore', 'ignore', 'ignore', handle.fd],
  });
  try {
    const [code] = await once(child, 'close');
    return code === 0;
  } catch {
    return false; // there is no such program
  }
}
