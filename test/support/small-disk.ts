import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';

/** A file system of its own takes the rights of root. */
const mayMount = process.platform === 'linux' && process.getuid?.() === 0;

/** For tests that fill a disk. */
export const onSmallDisk = mayMount ? test : test.skip;

/** The folder of a file system with so many megabytes, unmounted when the test ends. */
export function smallDisk(t: ExecutionContext, megabytes: number): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'small-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]);
  t.teardown(() => {
    execFileSync('umount', ['-l', folder]);
    rmdirSync(folder);
  });
  return folder;
}
