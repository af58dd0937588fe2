import { AgentError } from '../errors.js';
import type { Gpu } from './gpu.js';
import { isNode, type Node } from './smi-node.js';

/** What makes rocm-smi print everything that `parseRocmSmi` reads. */
export const ROCM_SMI_ARGUMENTS = [
  '--showid',
  '--showuniqueid',
  '--showproductname',
  '--showtemp',
  '--showfan',
  '--showuse',
  '--showpower',
  '--showmaxpower',
  '--showmeminfo',
  'vram',
  '--showdriverversion',
  '--json',
] as const;

export interface RocmSmiReport {
  driverVersion: string | undefined;
  gpus: Gpu[];
}

/**
 * Reads rocm-smi's JSON: an object per card under `card<N>`, all values texts, names written differently from
 * release to release (`Card series`, `Card Series`).
 *
 * @param output standard output; warnings around the object are skipped
 * @throws AgentError GPU_TOOL when there is no such object in it
 */
export function parseRocmSmi(output: string): RocmSmiReport {
  const report = readObject(output);
  const cards = Object.entries(report)
    .flatMap(([key, card]) => {
      const index = /^card(\d+)$/.exec(key)?.[1];
      return index !== undefined && isNode(card) ? [{ index: Number(index), card }] : [];
    })
    .sort((a, b) => a.index - b.index);
  const system = isNode(report.system) ? report.system : {};
  return {
    driverVersion: value(system, [/^driver version$/i]),
    gpus: cards.map(({ index, card }) => readCard(index, card)),
  };
}

function readObject(output: string): Node {
  const [start, end] = [output.indexOf('{'), output.lastIndexOf('}')];
  try {
    const report: unknown = JSON.parse(output.slice(Math.max(0, start), end + 1));
    if (isNode(report)) return report;
  } catch {
    // reported below, together with what was found
  }
  const first = output.trim().split('\n', 1)[0]?.slice(0, 200) ?? '';
  throw new AgentError('GPU_TOOL', `rocm-smi --json: expected a JSON object, got "${first}"`, {
    hint: 'Run rocm-smi by hand: the driver may not be loaded.',
  });
}

const MIB = 1024 * 1024;

function readCard(index: number, card: Node): Gpu {
  const total = megabytes(card, /^vram total memory \(b\)$/i);
  const used = megabytes(card, /^vram total used memory \(b\)$/i);
  return {
    vendor: 'amd',
    index,
    uuid: value(card, [/^unique id$/i, /^guid$/i]) ?? `card${index}`,
    name: value(card, [/^card series$/i, /^device name$/i, /^card model$/i]) ?? 'AMD GPU',
    temperature: amount(card, [
      /sensor junction\) \(c\)$/i,
      /sensor edge\) \(c\)$/i,
      /^temperature .*\(c\)$/i,
    ]),
    fanSpeed: amount(card, [/^fan speed \(%\)$/i]),
    utilization: amount(card, [/^gpu use \(%\)$/i]),
    powerDraw: amount(card, [/^current socket graphics package power/i, /^average graphics package power/i]),
    powerLimit: amount(card, [/^max graphics package power/i]),
    memoryUsed: used,
    memoryFree: total === undefined || used === undefined ? undefined : total - used,
    memoryTotal: total,
    processes: [],
  };
}

/** The value of the first name that some field has; `N/A` means missing. */
function value(of: Node, names: readonly RegExp[]): string | undefined {
  for (const name of names) {
    const field = Object.keys(of).find((key) => name.test(key) && usable(of[key]));
    if (field !== undefined) return String(of[field]).trim();
  }
  return undefined;
}

function usable(found: unknown): boolean {
  const text = typeof found === 'string' || typeof found === 'number' ? String(found).trim() : '';
  return text !== '' && !/^(n\/a|unknown|unsupported)$/i.test(text);
}

function amount(of: Node, names: readonly RegExp[]): number | undefined {
  const found = Number.parseFloat(value(of, names) ?? '');
  return Number.isFinite(found) ? found : undefined;
}

function megabytes(of: Node, name: RegExp): number | undefined {
  const bytes = amount(of, [name]);
  return bytes === undefined ? undefined : Math.round(bytes / MIB);
}
