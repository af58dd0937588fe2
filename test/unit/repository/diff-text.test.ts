import test from 'ava';
import fc from 'fast-check';
import { diffBytes, inEncodingOf } from '../../../src/repository/diff-bytes.js';
import { hunkAt, mendHunks, withLineEnds } from '../../../src/repository/diff-hunks.js';
import { asNewFile, type FileDiff, readDiff, splitDiff } from '../../../src/repository/diff-text.js';

const CHANGE =
  'diff --git a/a.py b/a.py\nindex 1..2 100644\n--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@ def f():\n one\n-two\n+TWO\n';

const HEADS: [text: string, path: string, change: string, binary: string][] = [
  [CHANGE, 'a.py', 'changed', 'no'],
  ['diff --git a/n b/n\nnew file mode 100644\n--- /dev/null\n+++ b/n\n@@ -0,0 +1 @@\n+x\n', 'n', 'new', 'no'],
  [
    'diff --git a/g b/g\ndeleted file mode 100644\n--- a/g\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n',
    'g',
    'deleted',
    'no',
  ],
  ['diff --git a/o b/n n\nsimilarity index 100%\nrename from o\nrename to n n\n', 'n n', 'renamed', 'no'],
  ['diff --git a/x y b/x y\nold mode 100644\nnew mode 100755\n', 'x y', 'changed', 'no'],
  [
    'diff --git "a/\\303\\234.txt" "b/\\303\\234.txt"\n--- "a/\\303\\234.txt"\n+++ "b/\\303\\234.txt"\n@@ -1 +1 @@\n-x\n+y\n',
    'Ü.txt',
    'changed',
    'no',
  ],
  ['diff --git a/p b/p\nindex 1..2 100644\nBinary files a/p and b/p differ\n', 'p', 'changed', 'none'],
  [
    'diff --git a/p b/p\nindex 1..2 100644\nGIT binary patch\nliteral 1\nIcmZPo000310RR91\n\n',
    'p',
    'changed',
    'content',
  ],
  ['--- a/plain\t2024-01-01\n+++ b/plain\t2024-01-02\n@@ -1 +1 @@\n-x\n+y\n', 'plain', 'changed', 'no'],
];

/** Without a tree that could tell otherwise. */
function files(diff: string): Promise<FileDiff[]> {
  return readDiff(diff, { root: '/nonexistent' });
}

for (const [text, path, change, binary] of HEADS) {
  test(`head of ${path} (${change}, ${binary})`, async (t) => {
    const [file, ...rest] = await files(text);
    t.is(rest.length, 0);
    t.is(file?.text, text);
    t.deepEqual([file?.path, file?.change, file?.binary], [path, change, binary]);
  });
}

test('lines inside a hunk that look like a head do not end it', (t) => {
  const tricky = '--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n--- a/y\n+++ b/y\n diff --git a/z b/z\n';
  t.is(splitDiff(tricky).length, 1);
  t.is(splitDiff(tricky + CHANGE).length, 2);
});

test('text that belongs to no file is left out', (t) => {
  const diff = `some words\nSubmodule lib 1..2:\n${CHANGE}Submodule lib contains modified content\n${CHANGE}`;
  const parts = splitDiff(diff);
  t.is(parts.length, 2);
  t.true(parts[0]?.startsWith('diff --git'));
});

test('the files of a diff joined again are the diff', (t) => {
  const file = fc.constantFrom(...HEADS.map(([text]) => text).filter((text) => text.startsWith('diff')));
  fc.assert(
    fc.property(fc.array(file), (texts) => {
      const parts = splitDiff(texts.join(''));
      t.is(parts.join(''), texts.join(''));
      t.is(parts.length, texts.length);
    }),
  );
});

test('any text is cut without failing, and no line is made up', (t) => {
  const line = fc.constantFrom(
    'diff --git a/x b/x\n',
    '--- a/x\n',
    '+++ b/x\n',
    '@@ -1 +1 @@\n',
    '-a\n',
    '+b\n',
    ' c\n',
    '\\ No newline at end of file\n',
    'GIT binary patch\n',
    '\n',
    'x',
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
      const text = lines.join('');
      t.true(text.endsWith(splitDiff(text).join('')));
      t.notThrows(() => mendHunks(text));
    }),
  );
});

test('line ends change in hunks only, and back again', (t) => {
  const windows = withLineEnds(CHANGE, '\r\n');
  t.true(windows.startsWith('diff --git a/a.py b/a.py\nindex'));
  t.true(windows.endsWith('-two\r\n+TWO\r\n'));
  t.is(withLineEnds(windows, '\n'), CHANGE);
});

test('a file that only gains lines from nothing is a new one', async (t) => {
  const [file] = await files('--- a/n "q"\n+++ b/n "q"\n@@ -0,0 +1 @@\n+x\n');
  t.is(
    file && asNewFile(file)?.text,
    'diff --git "a/n \\042q\\042" "b/n \\042q\\042"\nnew file mode 100644\n--- /dev/null\n+++ "b/n \\042q\\042"\n@@ -0,0 +1 @@\n+x\n',
  );
  const [changed] = await files(CHANGE);
  t.is(changed && asNewFile(changed), undefined);
});

test('a hunk is found by a line of the old file', async (t) => {
  const [file] = await files(`${CHANGE}@@ -10,3 +10 @@\n a\n-b\n-c\n`);
  t.is(file && hunkAt(file.hunks, 2), '@@ -1,2 +1,2 @@ def f():');
  t.is(file && hunkAt(file.hunks, 12), '@@ -10,3 +10 @@');
  t.is(file && hunkAt(file.hunks, 50), undefined);
});

const HEAD = '--- a/x\n+++ b/x\n';
const COUNTS: [what: string, hunks: string, restored: string | undefined, recounted: string | undefined][] = [
  ['right counts', '@@ -1,2 +1,2 @@\n a\n-b\n+c\n', undefined, undefined],
  ['blank lines without their mark', '@@ -1,4 +1,4 @@\n a\n-b\n+c\n\n\n', undefined, undefined],
  ['the end of a mail', '@@ -1 +1 @@\n-b\n+c\n-- \n2.39.5\n\n', undefined, undefined],
  [
    'blank lines that were cut off',
    '@@ -1,5 +1,5 @@ f\n a\n-b\n+c\n',
    '@@ -1,5 +1,5 @@ f\n a\n-b\n+c\n \n \n \n',
    '@@ -1,2 +1,2 @@ f\n a\n-b\n+c\n',
  ],
  ['too many announced', '@@ -1,9 +1,4 @@\n a\n-b\n', undefined, '@@ -1,2 +1,1 @@\n a\n-b\n'],
  ['too few announced', '@@ -1 +1 @@\n-b\n+c\n+d\n', undefined, '@@ -1,1 +1,2 @@\n-b\n+c\n+d\n'],
  [
    'one of two hunks',
    '@@ -1 +1,7 @@\n-b\n+c\n@@ -9 +9 @@\n-x\n+y\n',
    undefined,
    '@@ -1,1 +1,1 @@\n-b\n+c\n@@ -9 +9 @@\n-x\n+y\n',
  ],
  [
    'too few, before the end of a mail',
    '@@ -1 +1 @@\n-b\n+c\n+d\n-- \n2.39.5\n',
    undefined,
    '@@ -1,1 +1,2 @@\n-b\n+c\n+d\n',
  ],
];

for (const [what, hunks, restored, recounted] of COUNTS) {
  test(`line counts: ${what}`, (t) => {
    const mended = mendHunks(HEAD + hunks);
    t.is(mended?.restored, restored && HEAD + restored);
    t.is(mended?.recounted, recounted && HEAD + recounted);
  });
}

test('a hunk that announces too much does not swallow the next file', (t) => {
  const diff = `diff --git a/x b/x\n${HEAD}@@ -1,9 +1,9 @@\n-b\n+c\n${CHANGE}`;
  t.is(splitDiff(diff).length, 2);
});

test('bytes that are not UTF-8 pass through a diff', (t) => {
  t.deepEqual([...diffBytes('é\udce9\udc80x😀')], [0xc3, 0xa9, 0xe9, 0x80, 0x78, 0xf0, 0x9f, 0x98, 0x80]);
  const file = Buffer.from('a = "caf\xe9"\nb = "na\xefve \xe9"\nc\n', 'latin1');
  const hunk = (context: string, removed: string, added: string): string =>
    `${HEAD}@@ -1,2 +1,2 @@\n ${context}\n-${removed}\n+${added}\n`;
  const expected = hunk('a = "caf\udce9"', 'b = "na\udcefve \udce9"', 'B = "na\udcefve \udce9"');
  const replaced = hunk('a = "caf\ufffd"', 'b = "na\ufffdve \ufffd"', 'B = "na\ufffdve \ufffd"');
  t.deepEqual(inEncodingOf(replaced, file), [expected]);
  t.deepEqual(inEncodingOf(hunk('a = "café"', 'b = "naïve é"', 'B = "naïve é"'), file), [expected]);
  t.deepEqual(inEncodingOf(hunk('a = "caf\ufffd"', 'c', 'd = "\ufffd"'), file), []);
  t.deepEqual(inEncodingOf(replaced, Buffer.from('plain\n')), []);
});
