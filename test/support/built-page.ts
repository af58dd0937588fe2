import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { temporaryFolder } from './temporary-folder.js';

/** A small page as a build leaves it. */
export const PAGE_FILES = {
  'index.html':
    '<!doctype html>\n<html lang="en"><head><base href="/"><script type="module" src="./assets/main-A1b2C3d4.js"></script></head><body></body></html>\n',
  'assets/main-A1b2C3d4.js': `console.log(${JSON.stringify('the page '.repeat(200))});\n`,
  'assets/icon-Zz9.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>\n',
  'assets/font-Q.woff2': 'font',
  'favicon.ico': 'icon',
  'odd.xyz': 'odd',
} as const;

/** A folder with these files, and a secret beside it. */
export function builtPage(
  t: ExecutionContext,
  files: Readonly<Record<string, string>> = PAGE_FILES,
): { builtPage: string } {
  const folder = temporaryFolder(t);
  writeFileSync(path.join(folder, 'secret.txt'), 'secret');
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, 'web', name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return { builtPage: path.join(folder, 'web') };
}
