import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { fixture, read } from '../../support/diff-fixture.js';

test('paths outside of the work tree are refused', async (t) => {
  const { b, source, apply } = fixture(t);
  source.commit({ a: '1\n' });
  await t.throwsAsync(apply('--- /dev/null\n+++ b/../escaped\n@@ -0,0 +1 @@\n+x\n'), {
    code: 'REPOSITORY_DIFF',
  });
  t.false(existsSync(path.join(b.folder, 'escaped')));
});

const LINK = (name: string, target: string) =>
  `diff --git a/${name} b/${name}\nnew file mode 120000\n--- /dev/null\n+++ b/${name}\n@@ -0,0 +1 @@\n+${target}\n\\ No newline at end of file\n`;
const NEW_FILE = (name: string) =>
  `diff --git a/${name} b/${name}\nnew file mode 100755\n--- /dev/null\n+++ b/${name}\n@@ -0,0 +1 @@\n+planted\n`;
const BROKEN = (name: string) => NEW_FILE(name).replace('@@ -0,0 +1 @@', '@@ -5,2 +5,3 @@');
const RENAME = (from: string, to: string) =>
  `diff --git a/${from} b/${to}\nsimilarity index 100%\nrename from ${from}\nrename to ${to}\n`;

/** `OUT` is a folder beside the repository, in which `theirs` lies; `tracked` is a link of the repository to `.git`. */
const THROUGH_LINKS: [title: string, diff: string][] = [
  ['a link and a file below it', LINK('out', 'OUT') + NEW_FILE('out/planted')],
  ['a file and the link above it', NEW_FILE('out/planted') + LINK('out', 'OUT')],
  ['a link to .git', LINK('out', '.git') + NEW_FILE('out/hooks/post-checkout')],
  ['a link of the repository to .git', NEW_FILE('tracked/hooks/post-checkout')],
  ['a link in a folder', LINK('src/out', '../OUT') + NEW_FILE('src/out/planted')],
  ['a broken part below a link, which is cleared up', BROKEN('out/theirs') + LINK('out', 'OUT')],
  ['a new part that exists below a link', LINK('out', 'OUT') + NEW_FILE('out/theirs')],
  ['a file that is taken from below a link', LINK('out', 'OUT') + RENAME('out/theirs', 'mine')],
];

for (const [title, diff] of THROUGH_LINKS) {
  test(`a diff does not leave the work tree: ${title}`, async (t) => {
    const { b, source, apply } = fixture(t);
    const out = path.join(b.folder, 'beside');
    mkdirSync(out);
    writeFileSync(path.join(out, 'theirs'), 'theirs\n');
    mkdirSync(path.join(source.folder, '.git/hooks'), { recursive: true });
    symlinkSync('.git', path.join(source.folder, 'tracked'));
    source.commit({ 'src/a.py': 'x\n' });
    const hooks = readdirSync(path.join(source.folder, '.git/hooks'));
    await t.throwsAsync(apply(diff.replaceAll('../OUT', out).replaceAll('OUT', out)), {
      code: 'REPOSITORY_DIFF',
    });
    t.deepEqual(readdirSync(out), ['theirs']);
    t.is(readFileSync(path.join(out, 'theirs'), 'utf8'), 'theirs\n');
    t.deepEqual(readdirSync(path.join(source.folder, '.git/hooks')), hooks);
    t.is(source.git('status', '--porcelain').trim(), '');
  });
}

test('a folder of the repository becomes a link, also where a part needs another strategy', async (t) => {
  const { source, apply } = fixture(t);
  source.commit({ 'dir/a.py': 'x\n', 'crlf.txt': 'one\r\ntwo\r\n' });
  const gone =
    'diff --git a/dir/a.py b/dir/a.py\ndeleted file mode 100644\n--- a/dir/a.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n';
  const ends = '--- a/crlf.txt\n+++ b/crlf.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+TWO\n';
  await apply(`${LINK('dir', 'crlf.txt')}${gone}${ends}`);
  t.is(readlinkSync(path.join(source.folder, 'dir')), 'crlf.txt');
  t.is(read(source, 'crlf.txt'), 'one\r\nTWO\r\n');
});
