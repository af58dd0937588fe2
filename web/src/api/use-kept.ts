import { useEffect, useRef, useState } from 'preact/hooks';

/**
 * State that survives a reload and the log-in: a session that ends leads away, and what was typed must not be lost. Another page
 * of the application ends it.
 *
 * @param name of the state in the storage of the tab
 * @returns the state, and what changes it; undefined is not kept
 */
export function useKept<T>(name: string, initial: () => T): [T, (value: T) => void] {
  const [value, setValue] = useState<T>(() => kept<T>(name) ?? initial());
  const first = useRef(value);
  useEffect(() => {
    if (value === first.current) return;
    try {
      if (value === undefined) sessionStorage.removeItem(name);
      else sessionStorage.setItem(name, JSON.stringify(value));
    } catch {
      // A browser that stores nothing loses the text with the page.
    }
  }, [name, value]);
  useEffect(() => () => sessionStorage.removeItem(name), [name]);
  return [value, setValue];
}

function kept<T>(name: string): T | undefined {
  try {
    const text = sessionStorage.getItem(name);
    return text === null ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}
