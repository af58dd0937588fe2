import { useCallback, useEffect, useState } from 'preact/hooks';

/**
 * State that survives a reload and the log-in: a session that ends leads away, and what was typed must not be lost.
 *
 * @param name of the state in the storage of the tab
 * @param endsWithPage whether another page of the application ends it; otherwise it stays until it is set to undefined
 * @returns the state, and what changes it; undefined is not kept
 */
export function useKept<T>(name: string, initial: () => T, endsWithPage: boolean): [T, (value: T) => void] {
  const [value, setValue] = useState<T>(() => kept<T>(name) ?? initial());
  const change = useCallback(
    (next: T) => {
      // Stored at once: an effect would run after the next frame, which may be one of another document.
      keep(name, next);
      setValue(() => next);
    },
    [name],
  );
  useEffect(() => (endsWithPage ? () => keep(name, undefined) : undefined), [name, endsWithPage]);
  return [value, change];
}

function keep(name: string, value: unknown): void {
  try {
    if (value === undefined) sessionStorage.removeItem(name);
    else sessionStorage.setItem(name, JSON.stringify(value));
  } catch {
    // A browser that stores nothing loses the text with the page.
  }
}

function kept<T>(name: string): T | undefined {
  try {
    const text = sessionStorage.getItem(name);
    return text === null ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}
