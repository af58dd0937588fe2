import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { run } from './exec.js';

/** Disk space of a folder in bytes, each file once however many names it has there; 0 for one that is gone. */
export async function diskUsage(
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const result = await run(['du', '-sk', folder], { env });
  return Number.parseInt(result.stdout, 10) * 1024 || 0;
}

/** Whether no block is left for what this user writes to the file system of a folder. */
export async function isDiskFull(folder: string): Promise<boolean> {
  const facts = await statfs(folder).catch(() => undefined);
  if (facts === undefined || facts.blocks === 0) return false;
  return (process.getuid?.() === 0 ? facts.bfree : facts.bavail) === 0;
}

/** Free bytes of the file system that a folder is on, or would be. */
export async function freeSpace(folder: string): Promise<number> {
  for (let at = folder; ; at = path.dirname(at)) {
    const facts = await statfs(at).catch(() => undefined);
    if (facts !== undefined) return facts.bavail * facts.bsize;
    if (at === path.dirname(at)) return Number.POSITIVE_INFINITY;
  }
}
