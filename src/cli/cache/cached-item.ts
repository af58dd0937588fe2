import { ageText } from '../table.js';

/** What the cache commands know of, in the order of their tables. */
export const CACHE_KINDS = ['environments', 'mirrors', 'spools'] as const;
export type CacheKind = (typeof CACHE_KINDS)[number];

/** One thing that takes up space. */
export interface CachedItem {
  kind: CacheKind;
  /** For people: an address, a Python and its packages, a task. */
  what: string;
  folder: string;
  /** Files that several things share by links count whole for each. */
  bytes: number;
  lastUsed: Date;
  /** Why it stays, whatever is asked for. */
  hold: string | undefined;
  /** Gives the reason when it stays after all, because another process began to use it. */
  remove(): Promise<string | undefined>;
}

export interface Chosen {
  item: CachedItem;
  why: string;
}

/** All things of one kind, and those of them that go by the limits of the configuration. */
export interface Survey {
  items: readonly CachedItem[];
  overLimits: readonly Chosen[];
}

export type Selection = { by: 'limits' } | { by: 'age'; seconds: number } | { by: 'all' };

export function choose({ items, overLimits }: Survey, selection: Selection, now: number): readonly Chosen[] {
  switch (selection.by) {
    case 'limits':
      return overLimits;
    case 'all':
      return items.map((item) => ({ item, why: 'everything was asked for' }));
    case 'age': {
      const before = now - selection.seconds * 1000;
      return items
        .filter(({ lastUsed }) => lastUsed.getTime() < before)
        .map((item) => ({ item, why: `last used ${ageText(item.lastUsed.toISOString(), now)}` }));
    }
  }
}
