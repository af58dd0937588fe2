import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { isAmdMachine } from './amd-machine.js';
import type { Environment } from './visibility.js';

export type RocmVersion = readonly [major: number, minor: number];

/** Taken for a machine whose installation does not say its version, as the original does. */
const NEWEST: RocmVersion = [6, 4];
const VERSION_FILES = ['version', 'version-dev', 'version-utils'];

/**
 * Version of ROCm that packages are chosen for; `undefined` on a machine without AMD GPUs, or with NVIDIA's beside
 * them.
 *
 * @param root of the file system; another one for tests
 */
export async function rocmVersion(env: Environment, root = '/'): Promise<RocmVersion | undefined> {
  if (!isAmdMachine(root)) return undefined;
  const folder = path.join(root, env.ROCM_PATH || '/opt/rocm');
  for (const name of VERSION_FILES) {
    const text = await readFile(path.join(folder, '.info', name), 'utf8').catch(() => '');
    const found = versionIn(text, /^\s*(\d+)\.(\d+)/);
    if (found !== undefined) return found;
  }
  const installed = await readdir(path.join(root, 'opt')).catch(() => []);
  const versions = installed.flatMap((name) => {
    const found = versionIn(name, /^rocm-(\d+)\.(\d+)/);
    return found === undefined ? [] : [found];
  });
  return versions.sort((a, b) => b[0] - a[0] || b[1] - a[1])[0] ?? NEWEST;
}

function versionIn(text: string, pattern: RegExp): RocmVersion | undefined {
  const match = pattern.exec(text);
  return match === null ? undefined : [Number(match[1]), Number(match[2])];
}
