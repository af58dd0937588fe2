import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { checkWorkingFolder } from '../../../src/repository/checkout.js';
import { bench, git } from '../../support/checkout-bench.js';
import { GitRepository } from '../../support/git-repository.js';
import { troubleshootingLine } from '../../support/troubleshooting.js';

test('a commit is checked out into an ordinary clone with a clean remote', async (t) => {
  const b = bench(t);
  const source = new GitRepository(path.join(b.folder, 'origin'));
  const first = source.commit({ 'src/a.py': 'one\n' });
  source.commit({ 'src/a.py': 'two\n' });
  const url = `file://${source.folder}`;
  const got = await b.checkout({ repository: url, version_num: first, working_dir: 'src' });
  t.is(got.root, path.join(b.folder, 'workspace-1', 'task_repository', 'origin'));
  t.is(got.workingFolder, path.join(got.root, 'src'));
  t.is(got.commit, first);
  t.is(readFileSync(path.join(got.workingFolder, 'a.py'), 'utf8'), 'one\n');
  t.is(git(got.root, 'remote', 'get-url', 'origin'), url);
  t.is(git(got.root, 'rev-parse', 'HEAD'), first);
  t.is(git(got.root, 'status', '--porcelain'), '');
  t.is(git(got.root, 'rev-parse', 'origin/main'), git(source.folder, 'rev-parse', 'main'));
});

test('a commit wins over a tag, a tag over a branch', async (t) => {
  const b = bench(t);
  const source = new GitRepository(path.join(b.folder, 'origin'));
  const one = source.commit({ a: '1' });
  const two = source.commit({ a: '2' });
  source.git('tag', 'v2');
  source.git('tag', '-a', '-m', 'x', 'v2a');
  const three = source.commit({ a: '3' });
  source.git('checkout', '-q', '-b', 'feature/x');
  const four = source.commit({ a: '4' });
  const repository = source.folder;
  t.is((await b.checkout({ repository, branch: 'main' })).commit, three);
  t.is((await b.checkout({ repository, branch: 'feature/x' })).commit, four);
  t.is((await b.checkout({ repository, branch: 'origin/main' })).commit, three);
  t.is((await b.checkout({ repository, branch: 'main', tag: 'v2' })).commit, two);
  t.is((await b.checkout({ repository, tag: 'v2a' })).commit, two);
  t.is(
    (await b.checkout({ repository, branch: 'main', tag: 'v2', version_num: one.slice(0, 8) })).commit,
    one,
  );
  t.is((await b.checkout({ repository, version_num: 'feature/x' })).commit, four);
});

test('branches and tags that moved are followed, also to another history', async (t) => {
  const b = bench(t);
  const source = new GitRepository(path.join(b.folder, 'origin'));
  source.commit({ a: '1' });
  source.git('tag', 'v1');
  source.git('branch', 'topic');
  const repository = source.folder;
  await b.checkout({ repository, branch: 'main' });
  source.git('checkout', '-q', '--orphan', 'fresh');
  const other = source.commit({ a: 'other' });
  source.git('branch', '-f', 'main', other);
  source.git('tag', '-f', 'v1', other);
  source.git('branch', '-D', 'topic');
  source.git('branch', 'topic/sub', other);
  t.is((await b.checkout({ repository, branch: 'main' })).commit, other);
  t.is((await b.checkout({ repository, tag: 'v1' })).commit, other);
  t.is((await b.checkout({ repository, branch: 'topic/sub' })).commit, other);
});

test('without a revision the default branch is asked of the repository', async (t) => {
  const b = bench(t);
  const source = new GitRepository(path.join(b.folder, 'origin'), 'trunk');
  source.commit({ a: '1' });
  const repository = `file://${source.folder}`;
  t.is((await b.checkout({ repository })).branch, 'trunk');
  source.git('checkout', '-q', '-b', 'next');
  const next = source.commit({ a: '2' });
  const got = await b.checkout({ repository });
  t.is(got.branch, 'next');
  t.is(got.commit, next);
});

test('commits outside of branches, pull requests and a remote HEAD without branch are found', async (t) => {
  const b = bench(t);
  const source = new GitRepository(path.join(b.folder, 'origin'));
  const base = source.commit({ a: '1' });
  const repository = `file://${source.folder}`;
  await b.checkout({ repository });
  source.git('checkout', '-q', '--detach');
  const loose = source.commit({ a: 'loose' });
  const pull = source.commit({ a: 'pull' });
  source.git('update-ref', 'refs/pull/7/head', pull);
  t.is((await b.checkout({ repository, version_num: loose })).commit, loose);
  t.is((await b.checkout({ repository, branch: 'refs/pull/7/head' })).commit, pull);
  t.is((await b.checkout({ repository, branch: 'pull/7/head' })).commit, pull);
  t.is((await b.checkout({ repository, version_num: pull.slice(0, 10) })).commit, pull);
  t.is((await b.checkout({ repository })).commit, pull);
  source.git('checkout', '-q', 'main');
  source.git('update-ref', 'refs/pull/7/head', base);
  t.is((await b.checkout({ repository, branch: 'pull/7/head' })).commit, base);
});

test('an empty repository is checked out when nothing of it is asked for', async (t) => {
  const b = bench(t);
  const source = new GitRepository(path.join(b.folder, 'origin'));
  const repository = `file://${source.folder}`;
  t.is((await b.checkout({ repository })).commit, undefined);
  await t.throwsAsync(b.checkout({ repository, branch: 'main' }), { code: 'REPOSITORY_REVISION' });
  const commit = source.commit({ a: '1' });
  t.is((await b.checkout({ repository })).commit, commit);
});

test('revisions that do not exist are named', async (t) => {
  const b = bench(t);
  const source = new GitRepository(path.join(b.folder, 'origin'));
  source.commit({ a: '1' });
  const url = `file://${source.folder}`;
  const missing = 'deadbeef'.repeat(5);
  const cases = [
    [{ version_num: missing }, troubleshootingLine('commit-not-found', { commit: missing, address: url })],
    [{ version_num: 'deadbeef' }, `commit deadbeef does not exist in ${url}`],
    [{ branch: 'nope' }, troubleshootingLine('branch-not-found', { branch: 'nope', address: url })],
    [{ tag: 'v9' }, `tag v9 does not exist in ${url}`],
    [{ branch: '--upload-pack=touch /tmp/x' }, `branch --upload-pack=touch /tmp/x does not exist in ${url}`],
  ] as const;
  for (const [revision, message] of cases) {
    await t.throwsAsync(b.checkout({ repository: url, ...revision }), {
      code: 'REPOSITORY_REVISION',
      message,
    });
  }
});

test('code that is there already is used as it is', async (t) => {
  const b = bench(t);
  const source = new GitRepository(path.join(b.folder, 'code'));
  const commit = source.commit({ 'src/a': '1' });
  const env = { CLEARML_AGENT_FORCE_CODE_DIR: source.folder };
  const got = await b.checkout({ repository: 'https://example.invalid/x.git', working_dir: 'src' }, {}, env);
  t.deepEqual([got.root, got.commit, got.forced], [source.folder, commit, true]);
  const missing = { CLEARML_AGENT_FORCE_CODE_DIR: '/nonexistent' };
  await t.throwsAsync(b.checkout({ repository: 'x' }, {}, missing), { code: 'TASK_INVALID' });
});

test('working directories with blanks and other letters are found, missing ones named', async (t) => {
  const b = bench(t);
  const source = new GitRepository(path.join(b.folder, 'origin'));
  source.commit({ 'mein Ordner/Übung/a.py': '1' });
  const repository = source.folder;
  const got = await b.checkout({ repository, working_dir: 'mein Ordner/Übung' });
  t.is(got.workingFolder, path.join(got.root, 'mein Ordner/Übung'));
  await t.notThrowsAsync(checkWorkingFolder(got.workingFolder, 'mein Ordner/Übung', got.url));
  const other = await b.checkout({ repository, working_dir: 'nope' });
  await t.throwsAsync(checkWorkingFolder(other.workingFolder, 'nope', other.url), {
    code: 'TASK_INVALID',
    message: troubleshootingLine('working-folder-missing', { folder: 'nope', address: repository }),
  });
});

test('submodules, theirs, and relative addresses are filled; the switch leaves them out', async (t) => {
  const b = bench(t);
  const inner = new GitRepository(path.join(b.folder, 'inner'));
  inner.commit({ 'i.txt': 'inner' });
  const lib = new GitRepository(path.join(b.folder, 'lib'));
  lib.commit({ 'l.txt': 'lib' });
  lib.git('submodule', '--quiet', 'add', '../inner', 'deps/inner');
  const pinned = lib.commit({});
  const source = new GitRepository(path.join(b.folder, 'origin'));
  source.commit({ a: '1' });
  source.git('submodule', '--quiet', 'add', '--name', 'my.lib', '../lib', 'third party/lib');
  source.commit({});
  lib.commit({ 'l.txt': 'newer' });
  const got = await b.checkout({ repository: source.folder });
  const folder = path.join(got.root, 'third party/lib');
  t.is(readFileSync(path.join(folder, 'l.txt'), 'utf8'), 'lib');
  t.is(git(folder, 'rev-parse', 'HEAD'), pinned);
  t.is(readFileSync(path.join(folder, 'deps/inner/i.txt'), 'utf8'), 'inner');
  t.is(git(got.root, 'status', '--porcelain'), '');
  t.regex(git(got.root, 'submodule', 'status', '--recursive'), /third party\/lib/);
  const without = await b.checkout({ repository: source.folder }, { 'agent.git.submodules': false });
  t.deepEqual(readdirSync(path.join(without.root, 'third party/lib')), []);
});
