import type { Gpu } from './gpu.js';

/** Memory in GB of the cards that can be cut into MIG slices, smallest first where a card has several sizes. */
const CARD_MEMORY: readonly (readonly [name: RegExp, sizes: readonly number[]])[] = [
  [/\bA30\b/, [24]],
  [/\bA100\b/, [40, 79]],
  [/\bH100\b/, [64, 80, 94, 96]],
  [/\bH800\b/, [80, 94]],
  [/\b(L40S?|L4)\b/, [48]],
];

const MIG_ENTRY = /^nvidia\.com\/mig-\d+g\.(\d+)gb:(\d+)$/;

/**
 * The part of each GPU that the agent has, for the status report to a server with resource dashboards.
 *
 * @param setting `CLEARML_AGENT_GPU_FRACTIONS`: `0.5` or `0.5,0.25` (one a GPU, the last repeats), or
 *   Kubernetes' `nvidia.com/mig-1g.5gb:2,…`; unknown entries are skipped
 */
export function gpuFractions(setting: string | undefined, gpus: readonly Gpu[]): number[] {
  const entries = (setting ?? '').split(',').map((entry) => entry.trim());
  const fractions = entries.flatMap((entry, at) => {
    const fraction = fractionOf(entry, gpus[at] ?? gpus.at(-1));
    return fraction === undefined ? [] : [fraction];
  });
  const last = fractions.at(-1) ?? 1;
  return gpus.map((_, at) => fractions[at] ?? last);
}

function fractionOf(entry: string, gpu: Gpu | undefined): number | undefined {
  const slice = MIG_ENTRY.exec(entry);
  if (slice === null) return /^\d*\.?\d+$/.test(entry) ? Number(entry) : undefined;
  const sizes = CARD_MEMORY.find(([name]) => name.test(gpu?.name ?? ''))?.[1];
  const total = sizes?.find((size) => size >= named(gpu)) ?? sizes?.[0];
  return total === undefined ? undefined : (Number(slice[1]) * Number(slice[2])) / total;
}

/** The size in the card's name: `NVIDIA A100-SXM4-80GB`; the table has the 79 GB that can be cut. */
function named(gpu: Gpu | undefined): number {
  const size = Number(/(\d+)\s?GB\b/i.exec(gpu?.name ?? '')?.[1] ?? 0);
  return size === 80 && /\bA100\b/.test(gpu?.name ?? '') ? 79 : size;
}
