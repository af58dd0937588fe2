import { readKernelLog } from './kernel-log.js';

/**
 * Processes of a control group that the kernel has killed because memory was used up, as the kernel's log tells them,
 * also after the group is gone. The log keeps the last ones, and at most ten in five seconds.
 *
 * @param group a part of the group's path
 * @param text records of `/dev/kmsg`
 * @returns 0 where this user may not read the log
 */
export function memoryKills(group: string, text = readKernelLog()): number {
  const records = text.matchAll(/^\d+,\d+,\d+,[^;\n]*;oom-kill:.*,task_memcg=([^,\n]*),/gm);
  return [...records].filter(([, path = '']) => path.includes(group)).length;
}
