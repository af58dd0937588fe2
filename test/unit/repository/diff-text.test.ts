import test from 'ava';
import fc from 'fast-check';
import { asNewFile, hunkAt, splitDiff, withLineEnds } from '../../../src/repository/diff-text.js';

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

for (const [text, path, change, binary] of HEADS) {
  test(`head of ${path} (${change}, ${binary})`, (t) => {
    const [file, ...rest] = splitDiff(text);
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
  const files = splitDiff(diff);
  t.is(files.length, 2);
  t.true(files[0]?.text.startsWith('diff --git'));
});

test('the files of a diff joined again are the diff', (t) => {
  const file = fc.constantFrom(...HEADS.map(([text]) => text).filter((text) => text.startsWith('diff')));
  fc.assert(
    fc.property(fc.array(file), (texts) => {
      const files = splitDiff(texts.join(''));
      t.is(files.map(({ text }) => text).join(''), texts.join(''));
      t.is(files.length, texts.length);
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
      t.true(
        text.endsWith(
          splitDiff(text)
            .map((file) => file.text)
            .join(''),
        ),
      );
    }),
  );
});

test('line ends change in hunks only, and back again', (t) => {
  const windows = withLineEnds(CHANGE, '\r\n');
  t.true(windows.startsWith('diff --git a/a.py b/a.py\nindex'));
  t.true(windows.endsWith('-two\r\n+TWO\r\n'));
  t.is(withLineEnds(windows, '\n'), CHANGE);
});

test('a file that only gains lines from nothing is a new one', (t) => {
  const [file] = splitDiff('--- a/n "q"\n+++ b/n "q"\n@@ -0,0 +1 @@\n+x\n');
  t.is(
    file && asNewFile(file)?.text,
    'diff --git "a/n \\042q\\042" "b/n \\042q\\042"\nnew file mode 100644\n--- /dev/null\n+++ "b/n \\042q\\042"\n@@ -0,0 +1 @@\n+x\n',
  );
  const [changed] = splitDiff(CHANGE);
  t.is(changed && asNewFile(changed), undefined);
});

test('a hunk is found by a line of the old file', (t) => {
  const [file] = splitDiff(`${CHANGE}@@ -10,3 +10 @@\n a\n-b\n-c\n`);
  t.is(file && hunkAt(file, 2), '@@ -1,2 +1,2 @@ def f():');
  t.is(file && hunkAt(file, 12), '@@ -10,3 +10 @@');
  t.is(file && hunkAt(file, 50), undefined);
});
