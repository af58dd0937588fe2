import { useCallback, useMemo } from 'preact/hooks';
import { useLocation } from 'preact-iso';

interface Address {
  get(name: string): string | undefined;
  /** The words of a list. */
  list(name: string): string[];
  /** Changes values, which become part of the address; undefined, '' and [] leave it. */
  set(patch: Readonly<Record<string, string | readonly string[] | undefined>>): void;
}

const SEPARATOR = ',';

/** State of a page in the query of its address, so that it can be shared and survives a reload. */
export function useAddress(): Address {
  const { url, route } = useLocation();
  const query = useMemo(() => new URL(url, location.origin).searchParams, [url]);
  const set = useCallback(
    (patch: Parameters<Address['set']>[0]) => {
      const next = new URLSearchParams(location.search);
      for (const [name, value] of Object.entries(patch)) {
        if (value === undefined || value.length === 0) next.delete(name);
        else
          next.set(name, typeof value === 'string' ? value : value.map(encodeURIComponent).join(SEPARATOR));
      }
      const search = next.toString();
      route(location.pathname + (search === '' ? '' : `?${search}`), true);
    },
    [route],
  );
  return useMemo(
    () => ({
      get: (name) => query.get(name) ?? undefined,
      list: (name) => (query.get(name) ?? '').split(SEPARATOR).filter(Boolean).map(decoded),
      set,
    }),
    [query, set],
  );
}

function decoded(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}
