import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { fixture, read } from '../../support/diff-fixture.js';
import { GIT_ENVIRONMENT, GitRepository } from '../../support/git-repository.js';
import { troubleshootingLine } from '../../support/troubleshooting.js';

/** The uncommitted changes of a work tree as the ClearML SDK takes them, after which they are undone. */
function takeDiff({ folder }: GitRepository, ...options: string[]): string {
  const run = (...args: string[]): string =>
    execFileSync('git', args, { cwd: folder, env: GIT_ENVIRONMENT, encoding: 'utf8' });
  run('add', '--all', '--intent-to-add');
  const diff = run('diff', ...options, 'HEAD');
  run('reset', '-q', '--hard');
  run('clean', '-fdq');
  return diff;
}

test('changed, new, deleted, renamed and binary files go in', async (t) => {
  const { source, apply } = fixture(t);
  source.commit({
    'a.py': 'one\ntwo\n',
    gone: 'x\n',
    old: 'line\n'.repeat(20),
    'pic.bin': Buffer.from([0, 1, 2]),
    'run.sh': 'x\n',
  });
  source.write('a.py', 'one\nTWO\n');
  source.write('dir/new file.py', 'new\n');
  source.write('Übung "x".txt', 'quoted\n');
  source.write('pic.bin', Buffer.from([0, 9, 9, 255]));
  source.git('rm', '-q', 'gone');
  source.git('mv', 'old', 'moved');
  source.git('update-index', '--chmod=+x', 'run.sh');
  execFileSync('chmod', ['+x', path.join(source.folder, 'run.sh')]);
  const diff = takeDiff(source, '--binary', '-M');
  const { files } = await apply(diff);
  t.is(files.length, 7);
  t.is(read(source, 'a.py'), 'one\nTWO\n');
  t.is(read(source, 'dir/new file.py'), 'new\n');
  t.is(read(source, 'Übung "x".txt'), 'quoted\n');
  t.false(existsSync(path.join(source.folder, 'gone')));
  t.true(existsSync(path.join(source.folder, 'moved')));
  t.deepEqual([...readFileSync(path.join(source.folder, 'pic.bin'))], [0, 9, 9, 255]);
  t.true((statSync(path.join(source.folder, 'run.sh')).mode & 0o111) !== 0);
});

test('a diff without context and one that lost its last line end go in', async (t) => {
  const { source, apply } = fixture(t);
  source.commit({ a: '1\n2\n3\n4\n' });
  source.write('a', '1\nx\n3\n4\n5\n');
  const diff = takeDiff(source, '-U0');
  await apply(diff.trimEnd());
  t.is(read(source, 'a'), '1\nx\n3\n4\n5\n');
});

test('line ends follow the file in the repository', async (t) => {
  const { source, apply } = fixture(t);
  source.commit({ crlf: 'a\r\nb\r\nc\r\n', lf: 'a\nb\nc\n', '.gitattributes': '* -text\n' });
  source.write('crlf', 'a\r\nB\r\nc\r\n');
  source.write('lf', 'a\nB\nc\n');
  const diff = takeDiff(source);
  const unix = await apply(diff.replaceAll('\r\n', '\n'));
  t.is(read(source, 'crlf'), 'a\r\nB\r\nc\r\n');
  t.is(unix.strategies.get('crlf'), 'line ends');
  t.is(unix.strategies.get('lf'), 'as it is');
  source.git('reset', '-q', '--hard');
  await apply(diff.replaceAll('\r\n', '\n').replaceAll('\n', '\r\n'));
  t.is(read(source, 'crlf'), 'a\r\nB\r\nc\r\n');
  t.is(read(source, 'lf'), 'a\nB\nc\n');
});

test('white space around a change may differ', async (t) => {
  const { source, apply } = fixture(t);
  source.commit({ a: 'if x:\n    one\n    two\n    three\n' });
  source.write('a', 'if x:\n    one\n    TWO\n    three\n');
  const diff = takeDiff(source);
  source.commit({ a: 'if x:\n\tone\n    two\n\tthree\n' });
  const { strategies } = await apply(diff);
  t.is(strategies.get('a'), 'white space');
  t.regex(read(source, 'a'), /TWO/);
});

test('a change made on another commit is merged', async (t) => {
  const { b, source, apply } = fixture(t);
  const lines = Array.from({ length: 12 }, (_, i) => `line ${i}`);
  source.commit({ a: `${lines.join('\n')}\n` });
  source.write('a', `${lines.with(5, 'mine').join('\n')}\n`);
  const diff = takeDiff(source, '--full-index');
  source.commit({ a: `${lines.with(2, 'theirs').join('\n')}\n` });
  const { strategies } = await apply(diff);
  t.is(strategies.get('a'), '3-way merge');
  t.is(read(source, 'a'), `${lines.with(2, 'theirs').with(5, 'mine').join('\n')}\n`);
  t.true(b.lines.includes('a: merged with the version that the change was made on'));
});

test('a change that the commit has already is left out', async (t) => {
  const { b, source, apply } = fixture(t);
  source.commit({ a: '1\n', c: '1\n' });
  source.write('a', '2\n');
  source.write('c', '2\n');
  const diff = takeDiff(source);
  source.commit({ a: '2\n' });
  const { strategies } = await apply(diff);
  t.is(strategies.get('a'), 'already there');
  t.is(read(source, 'c'), '2\n');
  t.true(b.lines.includes('a: nothing to apply, the commit contains the change already'));
});

test('a file that is only named by its additions is made', async (t) => {
  const { source, apply } = fixture(t);
  source.commit({ a: '1\n' });
  await apply(
    'diff --git a/sub/n.py b/sub/n.py\n--- a/sub/n.py\n+++ b/sub/n.py\n@@ -0,0 +1,2 @@\n+one\n+two\n',
  );
  t.is(read(source, 'sub/n.py'), 'one\ntwo\n');
});

test('changes inside a submodule go in', async (t) => {
  const { b, source, apply } = fixture(t);
  const lib = new GitRepository(path.join(b.folder, 'lib'));
  lib.commit({ l: '1\n' });
  source.commit({ a: '1\n' });
  source.git('submodule', '--quiet', 'add', lib.folder, 'lib');
  source.commit({});
  writeFileSync(path.join(source.folder, 'lib', 'l'), '2\n');
  const diff = takeDiffOfSubmodule(source);
  t.regex(diff, /^Submodule lib contains modified content/);
  await apply(diff);
  t.is(read(source, 'lib/l'), '2\n');
});

test('when a file refuses, nothing is changed and the error names file and hunk', async (t) => {
  const { source, apply } = fixture(t);
  source.commit({ good: '1\n', bad: 'a\nb\nc\n' });
  source.write('good', '2\n');
  source.write('bad', 'a\nB\nc\n');
  source.write('new', 'x\n');
  const diff = takeDiff(source, '--full-index').replaceAll(/^index .*\n/gm, '');
  source.commit({ bad: 'x\ny\nz\n' });
  await t.throwsAsync(apply(diff), {
    code: 'REPOSITORY_DIFF',
    message: troubleshootingLine('diff-against-another-commit', { file: 'bad', hunk: '@@ -1,3 +1,3 @@' }),
  });
  t.is(source.git('status', '--porcelain'), '');
});

test('causes are told apart', async (t) => {
  const { source, apply } = fixture(t);
  source.commit({ a: '1\n', 'pic.bin': Buffer.from([0, 1]) });
  const start = 'the uncommitted changes do not apply: ';
  source.write('pic.bin', Buffer.from([0, 2]));
  const binary = takeDiff(source);
  const cases: [string, string | RegExp][] = [
    [binary, troubleshootingLine('binary-change-without-content', { file: 'pic.bin' })],
    [
      'diff --git a/none b/none\n--- a/none\n+++ b/none\n@@ -1 +1 @@\n-1\n+2\n',
      `${start}none: there is no such file in the commit`,
    ],
    [
      'diff --git a/a b/a\nnew file mode 100644\n--- /dev/null\n+++ b/a\n@@ -0,0 +1 @@\n+2\n',
      `${start}a: the diff adds the file, and the commit has another one of that name`,
    ],
    [
      'diff --cc a\n--- a/a\n+++ b/a\n@@@ -1,1 -1,1 +1,1 @@@\n- 1\n -2\n++3\n',
      `${start}a: it is the diff of an unfinished merge, which fits no commit`,
    ],
    ['diff of something\n', /name no file; they begin with "diff of something/],
  ];
  for (const [diff, message] of cases) await t.throwsAsync(apply(diff), { code: 'REPOSITORY_DIFF', message });
  t.is(source.git('status', '--porcelain'), '');
});

test('whatever was changed comes out the same', async (t) => {
  const { source, apply } = fixture(t);
  const text = fc.string({
    unit: fc.constantFrom(
      'a',
      'b',
      '\n',
      ' ',
      '-',
      '+',
      '@',
      '\\',
      'é',
      'diff --git a/x b/x\n',
      '--- a/x\n',
      '@@ -1 +1 @@\n',
    ),
  });
  const names = ['x', 'dir/y', 'z z'];
  const state = fc.record(Object.fromEntries(names.map((name) => [name, text])));
  source.commit({ '.gitattributes': '* -text\n' });
  await fc.assert(
    fc.asyncProperty(state, state, async (before, after) => {
      source.commit(before);
      for (const [name, content] of Object.entries(after)) source.write(name, content);
      const diff = takeDiff(source, '--binary');
      if (diff === '') return;
      await apply(diff);
      for (const [name, content] of Object.entries(after)) t.is(read(source, name), content);
      source.git('reset', '-q', '--hard');
    }),
    { numRuns: 15 },
  );
});

function takeDiffOfSubmodule(source: GitRepository): string {
  const diff = execFileSync('git', ['diff', '--submodule=diff', 'HEAD'], {
    cwd: source.folder,
    env: GIT_ENVIRONMENT,
    encoding: 'utf8',
  });
  execFileSync('git', ['checkout', '-q', '.'], {
    cwd: path.join(source.folder, 'lib'),
    env: GIT_ENVIRONMENT,
  });
  return diff;
}
