import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { pathInside, readRegularFile, writeRegularFile } from '../../../src/os/inside-tree.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

test('a path is inside only where no part of it leads out', (t) => {
  const folder = temporaryFolder(t);
  const root = path.join(folder, 'tree');
  mkdirSync(path.join(root, 'src'), { recursive: true });
  mkdirSync(path.join(folder, 'tree-beside'));
  writeFileSync(path.join(folder, 'secret'), 'x');
  for (const [name, target] of [
    ['in', 'src'],
    ['out', '..'],
    ['beside', '../tree-beside'],
    ['dangling', '../nothing'],
    ['hidden', 'out/secret'],
    ['circle', 'circle'],
  ] as const) {
    symlinkSync(target, path.join(root, name));
  }
  const inside = ['.', 'src', 'src/new.py', 'in/new.py', 'src/../new', path.join(root, 'a'), 'nowhere/b/c'];
  for (const name of inside) t.not(pathInside(root, name), undefined, name);
  t.is(pathInside(root, 'in/new.py'), path.join(root, 'src/new.py'));
  const outside = [
    '..',
    '../tree-beside/a',
    '/etc/passwd',
    'out',
    'out/secret',
    'out/new',
    'beside/a',
    'dangling',
    'dangling/a',
    'hidden',
    'circle',
    'src/../../secret',
    'src\0',
  ];
  for (const name of outside) t.is(pathInside(root, name), undefined, name);
});

test('only regular files of a bearable size are read, and no link is written through', (t) => {
  const folder = temporaryFolder(t);
  const at = (name: string): string => path.join(folder, name);
  writeFileSync(at('secret'), 'mine');
  symlinkSync(at('secret'), at('link'));
  execFileSync('/bin/sh', ['-c', 'mkfifo "$1"', 'sh', at('pipe')]);
  writeFileSync(at('huge'), '');
  truncateSync(at('huge'), 2 ** 40);
  t.is(readRegularFile(at('secret')).toString(), 'mine');
  for (const name of ['link', 'pipe', 'huge', '.'])
    t.throws(() => readRegularFile(at(name)), undefined, name);
  t.throws(() => writeRegularFile(at('link'), 'theirs'));
  t.is(readFileSync(at('secret'), 'utf8'), 'mine');
  writeRegularFile(at('new/folder/file'), 'text');
  t.is(readFileSync(at('new/folder/file'), 'utf8'), 'text');
});
