import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type AppliedDiff, applyDiff } from '../../../src/repository/apply-diff.js';
import { CheckoutBench } from '../../support/checkout-bench.js';
import { GIT_ENVIRONMENT, GitRepository } from '../../support/git-repository.js';

interface Fixture {
  b: CheckoutBench;
  source: GitRepository;
  apply: (diff: string, workingDir?: string) => Promise<AppliedDiff>;
}

function fixture(t: ExecutionContext): Fixture {
  const b = new CheckoutBench();
  t.teardown(() => b.remove());
  const source = new GitRepository(path.join(b.folder, 'code'));
  const { script, workspace, ...context } = b.request({ repository: '' });
  const apply: Fixture['apply'] = (diff, workingDir = '.') =>
    applyDiff({ ...context, root: source.folder, diff, workingDir });
  return { b, source, apply };
}

function read(source: GitRepository, name: string): string {
  return readFileSync(path.join(source.folder, name), 'utf8');
}

/** What git says with these options, after which the changes are undone. */
function takeDiff({ folder }: GitRepository, options: readonly string[], below = '.'): string {
  const run = (cwd: string, ...args: string[]): string =>
    execFileSync('git', args, { cwd, env: GIT_ENVIRONMENT, encoding: 'utf8' });
  run(folder, 'add', '--all');
  const [before, after] = [options.filter((one) => one.includes('=') && !one.startsWith('--')), options];
  const settings = before.flatMap((one) => ['-c', one]);
  const diff = run(
    path.join(folder, below),
    ...settings,
    'diff',
    ...after.filter((one) => one.startsWith('--') || one.startsWith('-M')),
    'HEAD',
  );
  run(folder, 'reset', '-q', '--hard');
  run(folder, 'clean', '-fdq');
  return diff;
}

const PREFIXES: [what: string, options: string[]][] = [
  ['none', ['diff.noprefix=true']],
  ['by what is compared', ['diff.mnemonicPrefix=true']],
  ['set in the configuration', ['--src-prefix=before/', '--dst-prefix=after/']],
  ['one for both sides', ['--src-prefix=tree/', '--dst-prefix=tree/']],
  ['several folders', ['--src-prefix=x/old/', '--dst-prefix=y/old/']],
  ['without a slash', ['--src-prefix=old-', '--dst-prefix=new-']],
  ['the default', []],
];

for (const [what, options] of PREFIXES) {
  test(`prefix: ${what}`, async (t) => {
    const { b, source, apply } = fixture(t);
    const files = {
      'src/foo.py': 'old\n',
      'src/gone.py': 'x\n',
      'a/b/c.py': 'old\n',
      'src/moved.py': 'line\n'.repeat(9),
      'top.py': 'old\n',
    };
    source.commit({
      ...files,
      'top.bin': Buffer.from([0, 1]),
      'src/pic.bin': Buffer.from([0, 1]),
      'src/run.sh': 'x\n',
    });
    source.write('src/foo.py', 'new\n');
    source.write('a/b/c.py', 'new\n');
    source.write('top.py', 'new\n');
    source.write('top.bin', Buffer.from([0, 9]));
    source.write('src/added.py', 'added\n');
    source.write('added.py', 'added\n');
    source.write('a/b/added too.py', 'added\n');
    source.write('src/pic.bin', Buffer.from([0, 9]));
    source.git('rm', '-q', 'src/gone.py');
    source.git('mv', 'src/moved.py', 'a/arrived.py');
    execFileSync('chmod', ['+x', path.join(source.folder, 'src/run.sh')]);
    const diff = takeDiff(source, [...options, '--binary', '-M']);
    const { files: written } = await apply(diff);
    t.deepEqual([...written].sort(), [
      'a/arrived.py',
      'a/b/added too.py',
      'a/b/c.py',
      'added.py',
      'src/added.py',
      'src/foo.py',
      'src/gone.py',
      'src/pic.bin',
      'src/run.sh',
      'top.bin',
      'top.py',
    ]);
    for (const name of ['src/foo.py', 'a/b/c.py', 'top.py']) t.is(read(source, name), 'new\n');
    for (const name of ['src/added.py', 'added.py', 'a/b/added too.py']) t.is(read(source, name), 'added\n');
    t.false(existsSync(path.join(source.folder, 'src/gone.py')));
    t.true(b.lines.some((line) => /^uncommitted changes applied to 11 files \(.*added\.py/.test(line)));
  });
}

test('a new file alone goes where a diff without prefixes says', async (t) => {
  const { b, source, apply } = fixture(t);
  source.commit({ 'src/foo.py': 'x\n', 'b/x.py': 'x\n' });
  for (const name of ['src/added.py', 'b/added.py', 'fresh/deep/added.py']) {
    source.write(name, 'added\n');
    const diff = takeDiff(source, ['diff.noprefix=true']);
    await apply(diff);
    t.is(read(source, name), 'added\n');
    t.is(source.git('status', '--porcelain', '--untracked-files=all'), `?? ${name}`);
    t.is(b.lines.at(-1), `uncommitted changes applied to 1 file (${name})`);
    source.git('clean', '-fdq');
  }
});

test('names relative to the working directory are found', async (t) => {
  const { source, apply } = fixture(t);
  source.commit({ 'src/foo.py': 'old\n', 'other.py': 'x\n' });
  source.write('src/foo.py', 'new\n');
  source.write('src/added.py', 'added\n');
  const diff = takeDiff(source, ['--relative'], 'src');
  t.false(diff.includes('src/'));
  await apply(diff, 'src');
  t.is(read(source, 'src/foo.py'), 'new\n');
  t.is(read(source, 'src/added.py'), 'added\n');
});

const FOREIGN: [tool: string, diff: string][] = [
  [
    'svn',
    'Index: src/foo.py\n===================================================================\n--- src/foo.py\t(revision 3)\n+++ src/foo.py\t(working copy)\n@@ -1 +1 @@\n-old\n+new\nIndex: src/added.py\n===================================================================\n--- src/added.py\t(nonexistent)\n+++ src/added.py\t(working copy)\n@@ -0,0 +1 @@\n+added\n',
  ],
  [
    'svn, tabs lost',
    'Index: src/foo.py\n=====\n--- src/foo.py (revision 3)\n+++ src/foo.py (working copy)\n@@ -1 +1 @@\n-old\n+new\nIndex: src/added.py\n=====\n--- src/added.py (revision 0)\n+++ src/added.py (working copy)\n@@ -0,0 +1 @@\n+added\n',
  ],
  [
    'hg',
    'diff -r 0123456789ab src/foo.py\n--- a/src/foo.py\tThu Nov 26 10:00:00 2026 +0100\n+++ b/src/foo.py\tSat Nov 28 10:00:00 2026 +0100\n@@ -1,1 +1,1 @@\n-old\n+new\ndiff -r 0123456789ab src/added.py\n--- /dev/null\tThu Jan 01 00:00:00 1970 +0000\n+++ b/src/added.py\tSat Nov 28 10:00:00 2026 +0100\n@@ -0,0 +1,1 @@\n+added\n',
  ],
  [
    'diff -Naur',
    'diff -Naur old/src/foo.py new/src/foo.py\n--- old/src/foo.py\t2026-11-26 10:00:00.000000000 +0100\n+++ new/src/foo.py\t2026-11-28 10:00:00.000000000 +0100\n@@ -1 +1 @@\n-old\n+new\ndiff -Naur old/src/added.py new/src/added.py\n--- old/src/added.py\t1970-01-01 00:00:00.000000000 +0000\n+++ new/src/added.py\t2026-11-28 10:00:00.000000000 +0100\n@@ -0,0 +1 @@\n+added\n',
  ],
  [
    'bzr',
    "=== modified file 'src/foo.py'\n--- src/foo.py\t2026-11-26 10:00:00 +0000\n+++ src/foo.py\t2026-11-28 10:00:00 +0000\n@@ -1,1 +1,1 @@\n-old\n+new\n\n=== added file 'src/added.py'\n--- src/added.py\t1970-01-01 00:00:00 +0000\n+++ src/added.py\t2026-11-28 10:00:00 +0000\n@@ -0,0 +1,1 @@\n+added\n",
  ],
];

for (const [tool, diff] of FOREIGN) {
  test(`a diff by ${tool}`, async (t) => {
    const { source, apply } = fixture(t);
    source.commit({ 'src/foo.py': 'old\n' });
    await apply(diff);
    t.is(read(source, 'src/foo.py'), 'new\n');
    t.is(read(source, 'src/added.py'), 'added\n');
  });
}

test('renames inside a submodule, whose folder git leaves out of them', async (t) => {
  const { b, source, apply } = fixture(t);
  const lib = new GitRepository(path.join(b.folder, 'lib'));
  lib.commit({ old: 'line\n'.repeat(9) });
  source.commit({ a: '1\n' });
  source.git('submodule', '--quiet', 'add', lib.folder, 'dep');
  source.commit({});
  const inside = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: path.join(source.folder, 'dep'),
      env: GIT_ENVIRONMENT,
      encoding: 'utf8',
    });
  inside('mv', 'old', 'fresh');
  const diff = source.git('diff', '--submodule=diff', 'HEAD');
  t.regex(diff, /^rename to fresh$/m);
  inside('reset', '-q', '--hard');
  await apply(diff);
  t.true(existsSync(path.join(source.folder, 'dep', 'fresh')));
});

test('a link to a submodule with changed files is no change of its own', async (t) => {
  const { b, source, apply } = fixture(t);
  const commit = source.commit({ a: '1\n' });
  source.git('update-index', '--add', '--cacheinfo', `160000,${commit},dep`);
  source.git('commit', '-qm', 'x');
  mkdirSync(path.join(source.folder, 'dep'));
  const link = (to: string): string =>
    `diff --git a/dep b/dep\n--- a/dep\n+++ b/dep\n@@ -1 +1 @@\n-Subproject commit ${commit}\n+Subproject commit ${to}\n`.replace(
      '--- a/dep',
      `index ${commit.slice(0, 7)}..${to.slice(0, 7)} 160000\n--- a/dep`,
    );
  t.deepEqual((await apply(link(`${commit}-dirty`))).files, []);
  await apply(link('1'.repeat(40)));
  t.true(b.lines.some((line) => line.startsWith('submodule dep stays at the commit')));
});

test('a diff that lost blank lines at its end, and counts that an editor made wrong', async (t) => {
  const { b, source, apply } = fixture(t);
  source.commit({ 'main.py': 'a = 1\nb = 2\nold\n\n\n\n', 'x.py': 'x\ny\nz\n' });
  source.write('main.py', 'a = 1\nb = 2\nnew\n\n\n\n');
  const stripped = takeDiff(source, []).trim();
  const { strategies } = await apply(stripped);
  t.is(strategies.get('main.py'), 'blank lines');
  t.is(read(source, 'main.py'), 'a = 1\nb = 2\nnew\n\n\n\n');
  source.git('reset', '-q', '--hard');
  const wrong = `--- a/x.py\n+++ b/x.py\n@@ -1,1 +1,9 @@\n x\n-y\n+Y\n+YY\n z\n${stripped}`;
  const second = await apply(wrong);
  t.is(second.strategies.get('x.py'), 'line counts');
  t.is(read(source, 'x.py'), 'x\nY\nYY\nz\n');
  t.is(read(source, 'main.py'), 'a = 1\nb = 2\nnew\n\n\n\n');
  t.true(b.lines.includes('x.py: applied by the lines of its hunks, whose counts are wrong'));
});

test('all lines without blanks at their ends', async (t) => {
  const { source, apply } = fixture(t);
  source.commit({ 'main.py': 'def f():  \n    pass\n\n\told   \n    \nend\n' });
  source.write('main.py', 'def f():  \n    pass\n\n\tnew\n    \nend\n');
  const diff = takeDiff(source, []).replaceAll(/[ \t]+$/gm, '');
  await apply(diff);
  t.regex(read(source, 'main.py'), /^def f\(\): *\n {4}pass\n\n\tnew\n *\nend\n$/);
});

test('the mark of a missing last line end may be lost', async (t) => {
  const { source, apply } = fixture(t);
  source.commit({ 'main.py': 'a\nb' });
  source.write('main.py', 'A\nb');
  const diff = takeDiff(source, []);
  t.regex(diff, /No newline/);
  await apply(diff.replace(/^\\ No newline.*\n/gm, ''));
  t.is(read(source, 'main.py').trimEnd(), 'A\nb');
});

test('a new file of a diff with CRLF throughout has its own name and lines', async (t) => {
  const { source, apply } = fixture(t);
  source.commit({ a: '1\n' });
  source.write('added.py', 'one\ntwo\n');
  await apply(takeDiff(source, []).replaceAll('\n', '\r\n'));
  t.is(read(source, 'added.py'), 'one\ntwo\n');
});

for (const spelling of ['replaced', 'escaped', 'read as Latin-1'] as const) {
  test(`a file that is not UTF-8, its letters ${spelling}`, async (t) => {
    const { source, apply } = fixture(t);
    const before = Buffer.from('# caf\xe9\nx = "na\xefve"\nold\n', 'latin1');
    source.commit({ 'main.py': before, '.gitattributes': '* -text\n' });
    const letters = {
      replaced: ['\ufffd', '\ufffd'],
      escaped: ['\udce9', '\udcef'],
      'read as Latin-1': ['é', 'ï'],
    };
    const [e, i] = letters[spelling] as [string, string];
    await apply(
      `--- a/main.py\n+++ b/main.py\n@@ -1,3 +1,3 @@\n # caf${e}\n-x = "na${i}ve"\n-old\n+y = "na${i}ve"\n+new\n`,
    );
    t.deepEqual(
      readFileSync(path.join(source.folder, 'main.py')),
      Buffer.from('# caf\xe9\ny = "na\xefve"\nnew\n', 'latin1'),
    );
  });
}

test('letters that were lost for good are the reason', async (t) => {
  const { source, apply } = fixture(t);
  source.commit({ 'main.py': Buffer.from('# \xe9\nold\n', 'latin1') });
  await t.throwsAsync(apply('--- a/main.py\n+++ b/main.py\n@@ -1,2 +1,2 @@\n # \ufffd\n-old\n+"\ufffd"\n'), {
    code: 'REPOSITORY_DIFF',
    message: /main\.py: letters of the file, which are not UTF-8, were lost in the diff/,
  });
});
