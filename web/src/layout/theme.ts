import { signal } from '@preact/signals';

type Theme = 'system' | 'light' | 'dark';

const KEY = 'theme';
const ORDER: readonly Theme[] = ['system', 'light', 'dark'];

export const theme = signal<Theme>(kept());

function kept(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return ORDER.find((one) => one === value) ?? 'system';
  } catch {
    return 'system';
  }
}

/** Puts the theme on the document; the styles follow `data-theme` or, without it, the system. */
export function applyTheme(): void {
  const { dataset } = document.documentElement;
  if (theme.value === 'system') delete dataset.theme;
  else dataset.theme = theme.value;
}

export function nextTheme(): void {
  theme.value = ORDER[(ORDER.indexOf(theme.value) + 1) % ORDER.length] ?? 'system';
  try {
    localStorage.setItem(KEY, theme.value);
  } catch {
    // A browser that stores nothing keeps the theme until the page closes.
  }
  applyTheme();
}

const prefersDark = matchMedia('(prefers-color-scheme: dark)');
const systemIsDark = signal(prefersDark.matches);
prefersDark.addEventListener('change', ({ matches }) => {
  systemIsDark.value = matches;
});

/** For what is drawn without styles: charts. */
export function isDark(): boolean {
  return theme.value === 'system' ? systemIsDark.value : theme.value === 'dark';
}
