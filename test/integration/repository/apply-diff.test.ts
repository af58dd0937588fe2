import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { type AppliedDiff, applyDiff } from '../../../src/repository/apply-diff.js';
import { CheckoutBench } from '../../support/checkout-bench.js';
import { GIT_ENVIRONMENT, GitRepository } from '../../support/git-repository.js';
import { troubleshootingLine } from '../../support/troubleshooting.js';

interface Fixture {
  b: CheckoutBench;
  source: GitRepository;
  apply: (diff: string) => Promise<AppliedDiff>;
}

function fixture(t: ExecutionContext): Fixture {
  const b = new CheckoutBench();
  t.teardown(() => b.remove());
  const source = new GitRepository(path.join(b.folder, 'code'));
  const { script, workspace, ...context } = b.request({ repository: '' });
  return { b, source, apply: (diff) => applyDiff({ ...context, root: source.folder, diff }) };
}

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

function read(source: GitRepository, name: string): string {
  return readFileSync(path.join(source.folder, name), 'utf8');
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

test('paths outside of the work tree are refused', async (t) => {
  const { b, source, apply } = fixture(t);
  source.commit({ a: '1\n' });
  await t.throwsAsync(apply('--- /dev/null\n+++ b/../escaped\n@@ -0,0 +1 @@\n+x\n'), {
    code: 'REPOSITORY_DIFF',
  });
  t.false(existsSync(path.join(b.folder, 'escaped')));
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
