import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
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

/** Fills a disk, also what others give back meanwhile; answers what ends that and gives the room back. */
export function keepFull(t: ExecutionContext, disk: string): () => void {
  const name = fillDisk(disk);
  const timer = setInterval(() => {
    try {
      for (;;) writeFileSync(name, Buffer.alloc(4096), { flag: 'a' });
    } catch {
      // It is full.
    }
  }, 5);
  t.teardown(() => clearInterval(timer));
  return () => {
    clearInterval(timer);
    rmSync(name);
  };
}

/** Fills a disk to its last byte; answers the file that takes the room. */
export function fillDisk(disk: string): string {
  const name = path.join(disk, 'ballast');
  writeFileSync(name, '');
  for (let bytes = 1024 * 1024; bytes >= 1; bytes = Math.floor(bytes / 2)) {
    try {
      for (;;) writeFileSync(name, Buffer.alloc(bytes), { flag: 'a' });
    } catch {
      // No room for so much.
    }
  }
  return name;
}
