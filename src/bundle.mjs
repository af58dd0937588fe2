/**
 * Joins the modules of the command line into few files, as a part of the build. Each module that Node loads takes memory of its
 * own: 2 MB of an idle daemon in all. Packages stay as they are installed.
 */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';

const FOLDER = path.resolve('dist/bundle');

/** A module names the files beside it by its own address, which is that of the file in `dist`. */
const ownAddresses = {
  name: 'own-addresses',
  setup({ onLoad }) {
    onLoad({ filter: /\/dist\/.*\.js$/ }, async ({ path: file }) => {
      const text = await readFile(file, 'utf8');
      if (!text.includes('import.meta.')) return undefined;
      const relative = (to) => JSON.stringify(path.relative(FOLDER, to));
      const contents = text
        .replaceAll('import.meta.url', `new URL(${relative(file)}, import.meta.url).href`)
        .replaceAll(
          'import.meta.dirname',
          `path.resolve(import.meta.dirname, ${relative(path.dirname(file))})`,
        )
        .replaceAll('import.meta.filename', `path.resolve(import.meta.dirname, ${relative(file)})`);
      return { contents, loader: 'js' };
    });
  },
};

await rm(FOLDER, { recursive: true, force: true });
await build({
  entryPoints: ['dist/cli/main.js'],
  outdir: FOLDER,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  logLevel: 'warning',
  plugins: [ownAddresses],
});
