import type { ArgumentItem } from '../arguments/argument-item.js';
import { parseArguments } from '../arguments/parse-arguments.js';

/**
 * A list behind `--gpus` names GPUs in Podman, where Docker reads a number of GPUs. Values with fields mean the same to
 * both and stay.
 */
export function podmanOptions(items: readonly ArgumentItem[]): ArgumentItem[] {
  return items.flatMap((item) => {
    const last = item.options.at(-1);
    if (last?.option.name !== 'gpus') return [item];
    const list = /^"?(?:device=)?([^"=]*)"?$/.exec(last.value)?.[1];
    if (list === undefined) return [item];
    return parseArguments(list.split(',').flatMap((gpu) => ['--device', `nvidia.com/gpu=${gpu}`]));
  });
}
