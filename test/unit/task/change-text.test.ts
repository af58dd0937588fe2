import test from 'ava';
import { type ChangeText, readChanges } from '../../../src/task/code/change-text.js';

const DIFF = `diff --git a/m.py b/m.py
index 1234567..89abcde 100644
--- a/m.py
+++ b/m.py
@@ -1,3 +1,3 @@
 a = 1

-old
+new
`;
const COLOURED = DIFF.split('\n')
  .map((line) => (/^[-+@di]/.test(line) ? `\u001b[1m${line}\u001b[m` : line))
  .join('\n');
const quote = (mark: string): string =>
  `${DIFF.trimEnd()
    .replaceAll(/^/gm, mark)
    .replaceAll(/[ \t]+$/gm, '')}\n`;
const SVN = 'Index: m.py\n=========\n--- m.py\t(revision 1)\n+++ m.py\t(working copy)\n@@ -1 +1 @@\n-a\n+b\n';
const HG =
  'diff -r 0123456789ab m.py\n--- a/m.py\tThu Nov 26 10:00:00 2026 +0100\n+++ b/m.py\tSat Nov 28 10:00:00 2026 +0100\n@@ -1,1 +1,1 @@\n-a\n+b\n';
const TOO_LARGE =
  '# WARNING! git diff too large to store, clear this section to execute without it.\n# full git diff available in Artifacts/auxiliary_git_diff\n# Clear the section before enqueueing Task!\n';
const HASH = '0123456789abcdef0123456789abcdef01234567';

/** Text, kind, and for diffs the text that is applied. */
const TEXTS: [what: string, text: string, kind: ChangeText['kind'], applied?: string][] = [
  ['a diff', DIFF, 'diff', DIFF],
  ['blank lines before a diff', `\n\n${DIFF}`, 'diff', DIFF],
  ['a coloured diff', COLOURED, 'diff', DIFF],
  ['colours in the hunks alone', DIFF.replace(/^[-+@].*$/gm, '\u001b[31m$&\u001b[m'), 'diff', DIFF],
  ['colours in caret notation', COLOURED.replaceAll('\u001b', '^['), 'diff', DIFF],
  ['a quoted mail', quote('> '), 'diff', DIFF],
  ['a mail quoted twice', quote('> > '), 'diff', DIFF],
  ['quote marks without a blank', quote('>'), 'diff', DIFF],
  ['blanks before each line', quote('    '), 'diff', DIFF],
  ['a tab before each line', quote('\t'), 'diff', DIFF],
  ['a bar before each line', quote('| '), 'diff', DIFF],
  ['a block of Markdown', `\`\`\`diff\n${DIFF}`, 'diff', DIFF],
  [
    'git format-patch',
    `From ${HASH} Mon Sep 17 00:00:00 2001\nFrom: A <a@example.com>\nDate: Sat, 28 Nov 2026 10:00:00 +0000\nSubject: [PATCH] x = 1\n\nimport less\n---\n m.py | 2 +-\n\n${DIFF}`,
    'diff',
    DIFF,
  ],
  ['git log -p', `commit ${HASH}\nAuthor: A <a@example.com>\n\n    x = 1\n\n${DIFF}`, 'diff', DIFF],
  ['hg export', `# HG changeset patch\n# User a\n# Node ID ${HASH}\nthe message\n\n${HG}`, 'diff', HG],
  ['hg', HG, 'diff', HG],
  ['svn', SVN, 'diff', SVN],
  ['no head but the names', DIFF.slice(DIFF.indexOf('---')), 'diff', DIFF.slice(DIFF.indexOf('---'))],
  [
    'a warning before a diff',
    `warning: LF will be replaced by CRLF in m.py.\nThe file will have its original line endings in your working directory\n${DIFF}`,
    'diff',
    DIFF,
  ],
  ['a hint before a diff', `hint: use --x\nerror: something\n${DIFF}`, 'diff', DIFF],
  ['words before a diff', `my last changes, see below\n\n${DIFF}`, 'diff', DIFF],
  ['a submodule that changed', `Submodule lib 1234567..89abcde:\n  > a commit\n${DIFF}`, 'diff', DIFF],
  ['a submodule beside a diff', `Submodule lib contains modified content\n${DIFF}`, 'diff', DIFF],
  [
    'an unfinished merge',
    'diff --cc m.py\nindex 1,2..3\n--- a/m.py\n+++ b/m.py\n@@@ -1,1 -1,1 +1,1 @@@\n',
    'diff',
  ],
  ['a context diff', '*** m.py\n--- m.py\n***************\n*** 1 ****\n', 'diff'],

  ['nothing', '', 'nothing'],
  ['blanks', ' \n\t\n', 'nothing'],
  ['comments', '# nothing changed\n\n  # really\n', 'nothing'],
  ['a remark that there is no diff', '# Repository modified, but no git diff could be extracted.', 'nothing'],
  ['untracked files in a submodule', 'Submodule dep contains untracked content\n', 'nothing'],
  [
    'a submodule moved, its log alone',
    'Submodule dep 1234567..89abcde:\n  > a commit\n  < another\n',
    'nothing',
  ],
  ['a submodule moved back', 'Submodule dep 1234567...89abcde (rewind):\n', 'nothing'],
  ['a new submodule', 'Submodule dep 0000000...89abcde (new submodule)\n', 'nothing'],
  ['what git says when it fails', 'fatal: bad object HEAD\nhint: look at it\nerror: could not\n', 'nothing'],
  ['warnings alone', 'warning: LF will be replaced by CRLF in m.py.\n', 'nothing'],

  ['too large', TOO_LARGE, 'stored elsewhere'],
  ['too large, and a diff that clearml-task adds', TOO_LARGE + DIFF, 'stored elsewhere'],
  [
    'the preview of the artifact',
    '# git diff too large to handle, storing as artifact. git diff summary:\ndiff --git a/x b/x\ndiff --git a/y b/y',
    'stored elsewhere',
  ],

  ['a script', 'print("x")\n', 'script'],
  ['a script that begins with the word diff', 'diff = 1\nprint(diff)\n', 'script'],
  ['a call of diff', 'diff("a", "b")\n', 'script'],
  ['a script that begins with the word submodule', 'submodule = 1\nprint(submodule)\n', 'script'],
  ['import diff', 'import diff\n', 'script'],
  ['index', 'Index: int = 0\nprint(Index)\n', 'script'],
  ['a diff in a text', `PATCH = """\n${DIFF}"""\napply(PATCH)\n`, 'script'],
  ['a diff in the documentation string', `"""Applies this:\n\n${DIFF}"""\nimport os\n`, 'script'],
  ['a diff in an indented text', `def f():\n    return """\n${quote('    ')}    """\n`, 'script'],
  ['comments before a script', '#!/usr/bin/env python\n# -*- coding: utf-8 -*-\nimport os\n', 'script'],
  ['a comment about a diff', '# diff --git a/x b/x\nimport os\n', 'script'],
  ['letters of other alphabets', 'größe = 3\nprint(größe)\n', 'script'],
  ['a notebook with magics', '%matplotlib inline\n!ls\nx = 1\n', 'script'],
  ['several names', 'a, *b = 1, 2\n', 'script'],
  ['a decorator', '@main\ndef f():\n    pass\n', 'script'],

  ['words', 'see the attached file\n', 'words'],
  ['words with a colon', 'if you need it: ask me\n', 'words'],
  ['an exception', 'Traceback (most recent call last):\n  File "x.py", line 1\nValueError: no\n', 'words'],
  ['the log of a run', '2026-11-28 10:00:00,123 - clearml - INFO - started\n[INFO] done\n', 'words'],
  ['a part of a git note', 'Submodule x', 'words'],
];

for (const [what, text, kind, applied] of TEXTS) {
  test(`the text is ${kind}: ${what}`, (t) => {
    const read = readChanges(text, 'python');
    t.is(read.kind, kind);
    if (applied !== undefined && read.kind === 'diff') t.is(read.text, applied);
  });
}

const SHELL: [what: string, text: string, kind: ChangeText['kind']][] = [
  ['a comparison', 'diff -u a b\necho done\n', 'script'],
  ['a comparison by git', 'git diff --stat\n', 'script'],
  ['a diff in a here document', `#!/bin/bash\npatch -p1 <<'END'\n${DIFF}END\n`, 'script'],
  ['without an interpreter line', `cat >p <<'END'\n${DIFF}END\n`, 'script'],
  ['a diff', DIFF, 'diff'],
  ['the interpreter line alone', '#!/bin/sh\n', 'script'],
  ['a note', 'warning: LF will be replaced by CRLF in m.sh.\n', 'nothing'],
];

for (const [what, text, kind] of SHELL) {
  test(`the text of a shell task is ${kind}: ${what}`, (t) => {
    t.is(readChanges(text, 'shell').kind, kind);
  });
}

test('a change below the remark is kept, and the log reports remarks', (t) => {
  t.deepEqual(readChanges(TOO_LARGE + DIFF, 'python'), { kind: 'stored elsewhere', rest: DIFF });
  const [remark, submodule] = [
    '# Repository modified, but no git diff could be extracted.',
    'Submodule dep contains modified content',
  ];
  t.deepEqual(readChanges(`${submodule}\n${remark}`, 'python'), {
    kind: 'nothing',
    text: `${submodule}\n${remark}`,
    notes: [submodule, 'Repository modified, but no git diff could be extracted.'],
  });
});
