import { DEVICE_OPTIONS } from './device-options.js';
import { LIFECYCLE_OPTIONS } from './lifecycle-options.js';
import { NETWORK_OPTIONS } from './network-options.js';
import type { RunOption } from './option.js';
import { PROCESS_OPTIONS } from './process-options.js';
import { RESOURCE_OPTIONS } from './resource-options.js';
import { SECURITY_OPTIONS } from './security-options.js';
import { STORAGE_OPTIONS } from './storage-options.js';

/** Every option of `docker run` from Docker 20.10 to 28. */
export const RUN_OPTIONS: readonly RunOption[] = [
  ...PROCESS_OPTIONS,
  ...NETWORK_OPTIONS,
  ...STORAGE_OPTIONS,
  ...RESOURCE_OPTIONS,
  ...DEVICE_OPTIONS,
  ...SECURITY_OPTIONS,
  ...LIFECYCLE_OPTIONS,
];

const BY_NAME: ReadonlyMap<string, RunOption> = new Map(
  RUN_OPTIONS.flatMap((option) =>
    [option.name, ...(option.aliases ?? []), ...(option.short === undefined ? [] : [option.short])].map(
      (name): [string, RunOption] => [name, option],
    ),
  ),
);

/** An option by any of its names, without dashes: `env`, `e`, `net`. */
export function findRunOption(name: string): RunOption | undefined {
  return BY_NAME.get(name);
}

/** An option as it is written with two dashes. */
export function findLongOption(name: string): RunOption | undefined {
  const option = BY_NAME.get(name);
  return option?.short === name ? undefined : option;
}

/** An option by its letter. */
export function findShortOption(letter: string): RunOption | undefined {
  const option = BY_NAME.get(letter);
  return option?.short === letter ? option : undefined;
}
