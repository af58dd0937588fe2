import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { filesWithPath, rewritePath } from '../../../src/python/cache/relocation.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

test('packages that are used from their sources are found where these have gone', async (t) => {
  const root = temporaryFolder(t);
  const [from, to, env] = ['before', 'after', 'env'].map((name) => path.join(root, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(path.join(from, 'one'), { recursive: true });
  mkdirSync(path.join(from, 'two'));
  writeFileSync(path.join(from, 'one/plain.py'), 'VALUE = 1\n');
  writeFileSync(path.join(from, 'two/mapped.py'), 'VALUE = 2\n');
  execFileSync('python3', ['-m', 'venv', '--without-pip', env]);
  const python = path.join(env, 'bin/python');
  const ask = (code: string) => execFileSync(python, ['-c', code], { encoding: 'utf8' }).trim();
  const site = ask('import site; print(site.getsitepackages()[0])');
  // As setuptools does: a folder in a list of paths, or a finder that maps names to files.
  writeFileSync(path.join(site, 'one.pth'), `${path.join(from, 'one')}\n`);
  writeFileSync(path.join(site, '__editable__.two.pth'), 'import __editable___two_finder\n');
  writeFileSync(
    path.join(site, '__editable___two_finder.py'),
    `import sys\nsys.path.append(${JSON.stringify(path.join(from, 'two'))})\n`,
  );
  mkdirSync(path.join(site, 'two-1.dist-info'));
  const origin = path.join(site, 'two-1.dist-info/direct_url.json');
  writeFileSync(origin, JSON.stringify({ url: `file://${from}/two`, dir_info: { editable: true } }));

  renameSync(from, to);
  await rewritePath(env, await filesWithPath(env, from), from, to);
  t.is(ask('import plain, mapped; print(plain.VALUE, mapped.VALUE)'), '1 2');
  t.is(JSON.parse(readFileSync(origin, 'utf8')).url, `file://${to}/two`);
});
