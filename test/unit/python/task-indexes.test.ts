import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { emptyOptions, readListOptions } from '../../../src/packaging/list-options.js';
import { indexesOfProject } from '../../../src/python/install/task-indexes.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

test('indexes of a project are those of uv and poetry, in its files and in those of the workspace above', (t) => {
  const root = temporaryFolder(t);
  const folder = path.join(root, 'packages', 'a');
  mkdirSync(folder, { recursive: true });
  const source = '[[tool.poetry.source]]\nname = "p"\nurl = "https://p.example/simple"\n';
  writeFileSync(path.join(folder, 'pyproject.toml'), source);
  writeFileSync(path.join(folder, 'uv.toml'), '[[index]]\nname = "u"\nurl = "https://u.example/simple"\n');
  const above = '[tool.uv]\nindex = [{ url = "https://w.example/simple" }, { name = "none" }, 7]\n';
  writeFileSync(path.join(root, 'pyproject.toml'), above);
  writeFileSync(path.join(root, 'packages', 'pyproject.toml'), 'not [ toml');
  t.deepEqual(indexesOfProject({ folder, roots: [root] }), [
    { name: 'p', url: 'https://p.example/simple' },
    { name: 'u', url: 'https://u.example/simple' },
    { name: undefined, url: 'https://w.example/simple' },
  ]);
});

test('a list names addresses of indexes, not indexes', (t) => {
  const options = emptyOptions();
  readListOptions(
    '--extra-index-url internal=https://a.example/s?x=y --index-url=b=http://b.example/',
    options,
  );
  readListOptions('--extra-index-url https://c.example/?a=https://d.example', options);
  t.is(options.indexUrl, 'http://b.example/');
  t.deepEqual(options.extraIndexUrls, ['https://a.example/s?x=y', 'https://c.example/?a=https://d.example']);
});
