import { rmSync } from 'node:fs';
import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AgentError } from '../../errors.js';
import { ensureFolder } from '../../os/files.js';

export interface DemoFolder {
  folder: string;
  /** Removes a temporary folder. It is synchronous because a process that exits at once calls it, too. */
  close(): void;
}

/** Marks the folder of a demonstration. */
const MARK = '.clearml-demo';

/**
 * Opens the folder of a demonstration: `chosen`, or a temporary one, which only `keep` leaves behind.
 *
 * @throws AgentError USAGE for a folder with files of another origin: the demonstration replaces its own
 */
export async function openFolder(chosen: string | undefined, keep: boolean): Promise<DemoFolder> {
  if (chosen === undefined) {
    const folder = await mkdtemp(path.join(tmpdir(), 'clearml-demo-'));
    await writeFile(path.join(folder, MARK), '');
    return { folder, close: () => void (keep || rmSync(folder, { recursive: true, force: true })) };
  }
  const folder = path.resolve(chosen);
  await ensureFolder(folder);
  const names = await readdir(folder);
  if (names.length > 0 && !names.includes(MARK))
    throw new AgentError(
      'USAGE',
      `--folder: expected a new or empty folder or one of an earlier demonstration, found other files in ${folder}`,
      { hint: 'Name another folder: the demonstration replaces "project" and "clearml.conf" in its own.' },
    );
  await writeFile(path.join(folder, MARK), '');
  return { folder, close: () => undefined };
}
