import { execFileSync } from 'node:child_process';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { temporaryFolder } from './temporary-folder.js';

/** The folder of an ext4 file system that can be frozen: a process that writes there waits in the kernel until it thaws. */
export interface FreezingDisk {
  folder: string;
  freeze(): void;
  thaw(): void;
}

/** It thaws and is unmounted when the test ends. */
export function freezingDisk(t: ExecutionContext): FreezingDisk {
  const folder = temporaryFolder(t);
  const [image, disk] = [path.join(folder, 'image'), path.join(folder, 'disk')];
  writeFileSync(image, '');
  truncateSync(image, 16 * 1024 * 1024);
  mkdirSync(disk);
  execFileSync('mkfs.ext4', ['-q', image]);
  execFileSync('mount', ['-o', 'loop', image, disk]);
  t.teardown(() => execFileSync('umount', ['-l', disk]));
  let isFrozen = false;
  const turn = (order: 'freeze' | 'unfreeze') => {
    if (isFrozen === (order === 'freeze')) return;
    execFileSync('fsfreeze', [`--${order}`, disk]);
    isFrozen = !isFrozen;
  };
  t.teardown(() => turn('unfreeze'));
  return { folder: disk, freeze: () => turn('freeze'), thaw: () => turn('unfreeze') };
}

/** One that is frozen: not even SIGKILL ends a process that writes there, as on a file server that is gone. */
export function frozenDisk(t: ExecutionContext): string {
  const { folder, freeze } = freezingDisk(t);
  freeze();
  return folder;
}
