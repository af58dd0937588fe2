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
  /** Why it stays whatever is asked for. */
  hold: string | undefined;
}

/** Which things are to go. */
export type Selection =
  /** What the configuration's limits say. */
  { by: 'limits' } | { by: 'age'; days: number } | { by: 'all' };

export interface Chosen {
  item: CachedItem;
  why: string;
}

/** One kind of thing. */
export interface CacheStore {
  /** The last used first. */
  list(): Promise<CachedItem[]>;
  /** What goes by the limits of the configuration. */
  overLimits(items: readonly CachedItem[]): Promise<Chosen[]>;
  /** @returns why it stays after all, because somebody began to use it */
  remove(item: CachedItem): Promise<string | undefined>;
}

const DAY_MS = 86_400_000;

/** What a selection chooses of the things of one kind. */
export async function choose(
  store: CacheStore,
  items: readonly CachedItem[],
  selection: Selection,
): Promise<Chosen[]> {
  switch (selection.by) {
    case 'limits':
      return store.overLimits(items);
    case 'all':
      return items.map((item) => ({ item, why: 'everything was asked for' }));
    case 'age': {
      const { days } = selection;
      const before = Date.now() - days * DAY_MS;
      const old = items.filter(({ lastUsed }) => lastUsed.getTime() < before);
      return old.map((item) => ({ item, why: `not used for ${days} days` }));
    }
  }
}
