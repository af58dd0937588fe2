import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { distrust } from '../../../src/os/trusted-program.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

function program(t: ExecutionContext): string {
  const folder = path.join(temporaryFolder(t), 'hooks');
  mkdirSync(folder, { mode: 0o755 });
  const file = path.join(folder, 'hook');
  writeFileSync(file, '#!/bin/sh\n');
  chmodSync(file, 0o755);
  return file;
}

test('a program of the user in a folder of the user is trusted', async (t) => {
  t.is(await distrust(program(t)), undefined);
  t.is(await distrust('/bin/sh'), undefined, 'a program of root');
});

const FAULTS: readonly (readonly [string, (file: string) => void, RegExp])[] = [
  [
    'a mode for the group',
    (file) => chmodSync(file, 0o775),
    /^\S+hook can be written by other users \(mode 775/,
  ],
  ['a mode for all', (file) => chmodSync(file, 0o757), /can be written by other users \(mode 757/],
  ['no execution', (file) => chmodSync(file, 0o644), /^it is not executable/],
  [
    'its folder',
    (file) => chmodSync(path.dirname(file), 0o777),
    /^\S+hooks can be written by other users \(mode 777/,
  ],
  [
    'its folder with the sticky bit',
    (file) => chmodSync(path.dirname(file), 0o1777),
    /^\S+hooks can be written/,
  ],
];

for (const [what, spoil, problem] of FAULTS) {
  test(`not trusted because of ${what}`, async (t) => {
    const file = program(t);
    spoil(file);
    t.regex((await distrust(file)) ?? '', problem);
  });
}

test('a missing program and a folder are not trusted', async (t) => {
  const file = program(t);
  t.is(await distrust(`${file}-missing`), 'it does not exist');
  t.is(await distrust(path.dirname(file)), 'it is not a file');
});

test('the folders of a symbolic link are checked as well as those of its program', async (t) => {
  const [file, other] = [program(t), program(t)];
  const link = path.join(path.dirname(other), 'link');
  symlinkSync(file, link);
  t.is(await distrust(link), undefined);
  chmodSync(path.dirname(other), 0o777);
  t.regex((await distrust(link)) ?? '', /can be written by other users/);
  chmodSync(path.dirname(other), 0o755);
  chmodSync(path.dirname(file), 0o777);
  t.regex((await distrust(link)) ?? '', /can be written by other users/);
});

const asRoot = process.getuid?.() === 0 ? test : test.skip;

asRoot('a program or a folder of another user is not trusted', async (t) => {
  const file = program(t);
  chownSync(file, 12345, 0);
  t.regex((await distrust(file)) ?? '', /^\S+hook belongs to user 12345, neither to root nor/);
  const other = program(t);
  chownSync(path.dirname(other), 12345, 0);
  t.regex((await distrust(other)) ?? '', /^\S+hooks belongs to user 12345/);
});
