import { execFileSync } from 'node:child_process';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { temporaryFolder } from './temporary-folder.js';

/**
 * The folder of an ext4 file system that is frozen: a process that writes there waits in the kernel (state `D`) and not
 * even SIGKILL ends it, as on a file server that is gone. It thaws when the test ends.
 */
export function frozenDisk(t: ExecutionContext): string {
  const folder = temporaryFolder(t);
  const [image, disk] = [path.join(folder, 'image'), path.join(folder, 'disk')];
  writeFileSync(image, '');
  truncateSync(image, 16 * 1024 * 1024);
  mkdirSync(disk);
  execFileSync('mkfs.ext4', ['-q', image]);
  execFileSync('mount', ['-o', 'loop', image, disk]);
  t.teardown(() => execFileSync('umount', ['-l', disk]));
  execFileSync('fsfreeze', ['--freeze', disk]);
  t.teardown(() => execFileSync('fsfreeze', ['--unfreeze', disk]));
  return disk;
}
