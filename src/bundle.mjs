/**
 * Joins the modules of the command line into few files, as a part of the build. Each module that Node loads takes memory of its
 * own: 2 MB of an idle daemon in all. Packages stay as they are installed.
 */
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';

const DIST = path.resolve('dist');
const FOLDER = path.join(DIST, 'bundle');

/** Modules that are loaded on their first use, such as `import('./prepare.js')`. */
async function loadedLater() {
  const names = await readdir(DIST, { recursive: true });
  const modules = names.filter((name) => name.endsWith('.js')).map((name) => path.join(DIST, name));
  const found = await Promise.all(
    modules.map(async (file) =>
      [...(await readFile(file, 'utf8')).matchAll(/\bimport\('(\.[^']+)'\)/g)].map(([, name]) =>
        path.resolve(path.dirname(file), name),
      ),
    ),
  );
  return [...new Set(found.flat())];
}

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

/** All files are in one folder, for the addresses above. */
function nameOf(file) {
  return path.relative(DIST, file).replace(/\.js$/, '').replaceAll('/', '-');
}

await rm(FOLDER, { recursive: true, force: true });
const main = path.join(DIST, 'cli/main.js');
// With names of their own, which stay the same: a daemon that runs while the program is upgraded finds the new ones.
const later = (await loadedLater()).map((file) => [nameOf(file), file]);
await build({
  entryPoints: Object.fromEntries([['main', main], ...later]),
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
