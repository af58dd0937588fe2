import { rm } from 'node:fs/promises';
import type { Place } from '../drivers/driver.js';

/** Removes a folder of the workspace. Where commands of the place may write in it meanwhile, the place does so itself. */
export async function clearFolder(place: Place, folder: string): Promise<void> {
  if (place.staging === undefined) await rm(folder, { recursive: true, force: true });
  else await place.exec({ argv: ['rm', '-rf', '--', place.inside(folder)] });
}
