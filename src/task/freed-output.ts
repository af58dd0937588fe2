import path from 'node:path';
import { readTextIfThere, writeFileDurable } from '../os/files.js';

/** In the folder of a run: a position in its command's output, in decimal digits. */
const FREED = 'freed';

/** Bytes of a command's output, from its start, whose space may be freed: they may be read as zeros. */
export async function freedOutput(runFolder: string): Promise<number> {
  const text = await readTextIfThere(path.join(runFolder, FREED)).catch(() => undefined);
  const position = Number(text ?? 0);
  return Number.isSafeInteger(position) ? position : 0;
}

/**
 * To be called before any of them is freed: a log that is damaged later makes a later agent read the output again.
 *
 * @throws AgentError DISK_FULL, WRITE_DENIED
 */
export function noteFreed(runFolder: string, position: number): Promise<void> {
  return writeFileDurable(path.join(runFolder, FREED), `${position}\n`);
}
