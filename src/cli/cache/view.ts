import { visibleJson } from '../../logs/visible-text.js';
import { ageText, renderTable, sizeText } from '../table.js';
import type { CachedItem, CacheKind, Chosen } from './cached-item.js';

export interface Pruned {
  /** What went, or would go. */
  removed: Chosen[];
  /** What was chosen and stays, and why. */
  stays: Chosen[];
}

export interface ShownPruning extends Pruned {
  kinds: readonly CacheKind[];
  dryRun: boolean;
}

export function listText(
  items: readonly CachedItem[],
  { kinds, now }: { kinds: readonly CacheKind[]; now: number },
): string {
  const totals = `${totalsText(items, kinds)}; ${sizeText(sum(items))} in all.`;
  if (items.length === 0) return totals;
  const rows = items.map((item) => [
    item.kind,
    item.what,
    sizeText(item.bytes),
    ageText(item.lastUsed.toISOString(), now),
    item.hold ?? '',
  ]);
  return `${renderTable({ headings: ['KIND', 'WHAT', 'SIZE', 'LAST USED', 'STAYS BECAUSE'], rows })}\n\n${totals}`;
}

export function listJson(items: readonly CachedItem[], kinds: readonly CacheKind[]): string {
  return visibleJson({ items: items.map(plain), totals: totals(items, kinds) });
}

export function pruneText({ removed, stays, kinds, dryRun }: ShownPruning): string {
  const rows = [
    ...removed.map(({ item, why }) => [dryRun ? 'would go' : 'removed', ...cells(item), why]),
    ...stays.map(({ item, why }) => ['stays', ...cells(item), why]),
  ];
  const items = removed.map(({ item }) => item);
  const verdict =
    items.length === 0
      ? `Nothing ${dryRun ? 'would be' : 'was'} removed.`
      : `${dryRun ? 'Would remove' : 'Removed'} ${totalsText(items, kinds)}; ${sizeText(sum(items))} in all.`;
  if (rows.length === 0) return verdict;
  return `${renderTable({ headings: ['', 'KIND', 'WHAT', 'SIZE', 'WHY'], rows })}\n\n${verdict}`;
}

export function pruneJson({ removed, stays, kinds, dryRun }: ShownPruning): string {
  const withReason = ({ item, why }: Chosen) => ({ ...plain(item), why });
  const items = removed.map(({ item }) => item);
  return visibleJson({
    dryRun,
    removed: removed.map(withReason),
    stays: stays.map(withReason),
    totals: totals(items, kinds),
  });
}

function cells({ kind, what, bytes }: CachedItem): string[] {
  return [kind, what, sizeText(bytes)];
}

function plain({ kind, what, folder, bytes, lastUsed, hold }: CachedItem) {
  return { kind, what, folder, bytes, lastUsed: lastUsed.toISOString(), hold: hold ?? null };
}

function totals(items: readonly CachedItem[], kinds: readonly CacheKind[]) {
  const entries = kinds.map((kind) => {
    const own = items.filter((item) => item.kind === kind);
    return [kind, { count: own.length, bytes: sum(own) }];
  });
  return Object.fromEntries(entries);
}

function totalsText(items: readonly CachedItem[], kinds: readonly CacheKind[]): string {
  return kinds
    .map((kind) => {
      const own = items.filter((item) => item.kind === kind);
      const name = own.length === 1 ? kind.replace(/s$/, '') : kind;
      return own.length === 0 ? `no ${kind}` : `${own.length} ${name} with ${sizeText(sum(own))}`;
    })
    .join(', ');
}

function sum(items: readonly CachedItem[]): number {
  return items.reduce((bytes, item) => bytes + item.bytes, 0);
}
