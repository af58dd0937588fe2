import { parseArguments } from '../arguments/parse-arguments.js';
import { type ResourceShare, resourceOptions } from './resource-words.js';

/** Another way to limit the processors, which an engine refuses beside `--cpus`. */
const QUOTA = ['cpu-quota', 'cpu-period'];

/**
 * Options of `docker run` for the most that a task may use. They stand before the arguments of task and administrator, which
 * win.
 *
 * @param words those arguments
 * @param most memory that the administrator's policy allows, in bytes
 */
export function limitWords(
  { cpus, memory }: ResourceShare = {},
  words: readonly string[] = [],
  most = Number.POSITIVE_INFINITY,
): string[] {
  const named = parseArguments(words).flatMap(({ options }) => options.map(({ option }) => option.name));
  return resourceOptions('docker', {
    ...(cpus === undefined || named.some((name) => QUOTA.includes(name)) ? {} : { cpus }),
    ...(memory === undefined ? {} : { memory: Math.min(memory, most) }),
  });
}
