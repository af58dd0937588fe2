import type { Topology } from './topology.js';

/** No machine has more CPUs than Linux can number. */
const MOST_CPUS = 8192;

/**
 * The CPUs next to some cards, as Linux lists them; `undefined` where the tool does not say so of one of them, or this
 * process may use none of them.
 *
 * @param allowed CPUs of this process (`Cpus_allowed_list`)
 */
export function affinityOf(
  topology: Topology,
  cards: readonly number[],
  allowed: string | undefined,
): string | undefined {
  const lists = cards.map((card) => topology.cpus[card]);
  if (lists.length === 0 || lists.includes(undefined)) return undefined;
  const usable = allowed === undefined ? undefined : new Set(cpusOf(allowed));
  const near = new Set(lists.flatMap((list) => cpusOf(list ?? '')));
  const cpus = [...near].filter((cpu) => usable?.has(cpu) ?? true).sort((one, other) => one - other);
  return cpus.length === 0 ? undefined : listOf(cpus);
}

function cpusOf(list: string): number[] {
  return list.split(',').flatMap((part) => {
    const [first = Number.NaN, last = first] = part.split('-').map(Number);
    const count = Math.min(last - first + 1, MOST_CPUS);
    return count > 0 ? Array.from({ length: count }, (_, at) => first + at) : [];
  });
}

function listOf(cpus: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const cpu of cpus) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === cpu - 1) last[1] = cpu;
    else ranges.push([cpu, cpu]);
  }
  return ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(',');
}
