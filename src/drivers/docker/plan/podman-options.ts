import type { ArgumentItem } from '../arguments/argument-item.js';
import { parseArguments } from '../arguments/parse-arguments.js';

/** Podman has no GPU requests: GPUs are devices by their names of the container device interface. */
export function podmanOptions(items: readonly ArgumentItem[]): ArgumentItem[] {
  return items.flatMap((item) => {
    const last = item.options.at(-1);
    if (last?.option.name !== 'gpus') return [item];
    const list = last.value.replace(/^"?(?:device=)?([^"]*)"?$/, '$1');
    return parseArguments(list.split(',').flatMap((gpu) => ['--device', `nvidia.com/gpu=${gpu}`]));
  });
}
