import { existsSync } from 'node:fs';
import path from 'node:path';

/**
 * AMD GPUs and no NVIDIA ones, by the devices of their drivers.
 *
 * @param root of the file system; another one for tests
 */
export function isAmdMachine(root = '/'): boolean {
  const has = (file: string) => existsSync(path.join(root, file));
  return has('dev/kfd') && !has('dev/nvidia0') && !has('proc/driver/nvidia');
}
