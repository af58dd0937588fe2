import { readFile, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';

const ROOT = path.resolve(import.meta.dirname, '../..');
/** Where the built tests are, in the tree of their sources. */
export const BUILT_TESTS = '.build';

/** A module of the tests names what lies beside it, such as fixtures and programs, by the address of its source. */
const ownAddresses: Plugin = {
  name: 'own-addresses',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path: file }) => {
      const text = await readFile(file, 'utf8');
      const contents = text
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(file).href))
        .replaceAll('import.meta.dirname', JSON.stringify(path.dirname(file)))
        .replaceAll('import.meta.filename', JSON.stringify(file));
      return { contents, loader: 'ts' };
    });
  },
};

/**
 * Builds the tests once. From its sources each file would be built again in its own process, with all that it imports: half
 * a second of a processor for each of some 600 files. The built ones import `dist` where their sources import `src`.
 */
export async function buildTests(): Promise<void> {
  const folder = path.join(ROOT, BUILT_TESTS);
  await rm(folder, { recursive: true, force: true });
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['test/**/*.ts', 'web/src/**/*.ts', 'web/src/**/*.tsx'],
    outdir: folder,
    outbase: ROOT,
    format: 'esm',
    target: 'node20',
    sourcemap: 'linked',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    logLevel: 'warning',
    plugins: [ownAddresses],
  });
  await symlink(path.join(ROOT, 'dist'), path.join(folder, 'src'));
}

/** The built form of a pattern of test files; `!` before it stays. */
export function builtPattern(pattern: string): string {
  const [, not = '', place = ''] = /^(!?)(.*)$/.exec(pattern) ?? [];
  const relative = path.relative(ROOT, path.resolve(ROOT, place));
  return `${not}${BUILT_TESTS}/${relative.replace(/\.ts$/, '.js')}`;
}
