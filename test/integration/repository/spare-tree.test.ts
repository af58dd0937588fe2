import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { CheckedOut } from '../../../src/repository/checkout.js';
import { listMirrors, pruneMirrors } from '../../../src/repository/mirror-collection.js';
import { CheckoutBench } from '../../support/checkout-bench.js';
import { GIT_ENVIRONMENT, GitRepository } from '../../support/git-repository.js';

const FILES = { 'a.py': 'one\n', 'src/b.py': 'two\n' };

/** A repository and a bench for it. */
function setUp(t: ExecutionContext) {
  const b = new CheckoutBench();
  t.teardown(() => b.remove());
  const source = new GitRepository(path.join(b.folder, 'origin'));
  const first = source.commit(FILES);
  const script = { repository: source.folder, branch: 'main' };
  return { b, source, first, script };
}

const tended = async (tree: CheckedOut) => {
  await tree.tend?.(new AbortController().signal);
  return tree;
};

async function spareOf({ cacheFolder }: CheckoutBench): Promise<string> {
  const [mirror] = await listMirrors(cacheFolder);
  return `${mirror?.folder}.spare`;
}

function git(root: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd: root, env: GIT_ENVIRONMENT, encoding: 'utf8' });
}

/** All that two work trees may differ in, but for their paths. */
function stateOf(root: string): Record<string, string> {
  return {
    head: readFileSync(path.join(root, '.git', 'HEAD'), 'utf8'),
    config: readFileSync(path.join(root, '.git', 'config'), 'utf8'),
    refs: git(root, 'for-each-ref'),
    status: git(root, 'status', '--porcelain', '--branch'),
    files: git(root, 'ls-files', '--stage'),
    objects: git(root, 'fsck', '--strict'),
  };
}

test('the next checkout of a commit moves the spare work tree, which equals a new clone', async (t) => {
  const { b, first, script } = setUp(t);
  const cloned = await tended(await b.checkout(script));
  const spare = await spareOf(b);
  t.true(existsSync(spare));
  const mark = path.join(spare, 'tree', 'mark');
  writeFileSync(mark, '');
  const moved = await b.checkout(script);
  t.true(existsSync(path.join(moved.root, 'mark')));
  execFileSync('rm', [path.join(moved.root, 'mark')]);
  t.is(moved.commit, first);
  t.deepEqual(stateOf(moved.root), stateOf(cloned.root));
  t.is(readFileSync(path.join(moved.root, 'src/b.py'), 'utf8'), 'two\n');
  t.false(existsSync(spare));
  t.deepEqual(readdirSync(path.dirname(moved.root)), ['origin']);
  // The next one is a clone again, and leaves a spare one as well.
  await tended(await b.checkout({ ...script, version_num: first }));
  t.true(existsSync(spare));
});

const CHANGES: [what: string, change: (set: ReturnType<typeof setUp>) => void][] = [
  ['the branch has a new commit', ({ source }) => void source.commit({ 'a.py': 'three\n' })],
  ['another branch was made', ({ source }) => void source.git('branch', 'other')],
  ['a tag was made', ({ source }) => void source.git('tag', 'v1')],
  [
    "the user's git writes other line ends",
    ({ b }) => writeFileSync(path.join(b.home, '.gitconfig'), '[core]\n\tautocrlf = true\n'),
  ],
];

for (const [what, change] of CHANGES) {
  test(`a spare work tree is not used once ${what}`, async (t) => {
    const set = setUp(t);
    const { b, script } = set;
    await tended(await b.checkout(script));
    const spare = await spareOf(b);
    writeFileSync(path.join(spare, 'tree', 'mark'), '');
    change(set);
    const next = await tended(await b.checkout(script));
    t.false(existsSync(path.join(next.root, 'mark')));
    t.deepEqual(stateOf(next.root), stateOf((await b.checkout({ ...script })).root));
    // It was replaced, and the new one used.
    t.false(existsSync(spare));
  });
}

test('tasks that start at once get a work tree each, one of them the spare one', async (t) => {
  const { b, first, script } = setUp(t);
  await tended(await b.checkout(script));
  writeFileSync(path.join(await spareOf(b), 'tree', 'mark'), '');
  const trees = await Promise.all(
    Array.from({ length: 6 }, () => b.checkout({ ...script, version_num: first })),
  );
  t.deepEqual(new Set(trees.map(({ commit }) => commit)), new Set([first]));
  t.is(trees.filter(({ root }) => existsSync(path.join(root, 'mark'))).length, 1);
  for (const { root } of trees) t.is(git(root, 'ls-files').trim(), 'a.py\nsrc/b.py');
});

test('a spare work tree without its tree, or without what it is for, is passed over', async (t) => {
  const { b, first, script } = setUp(t);
  for (const lost of ['tree', 'state']) {
    await tended(await b.checkout(script));
    execFileSync('rm', ['-r', path.join(await spareOf(b), lost)]);
    const { commit, root } = await b.checkout(script);
    t.is(commit, first);
    t.is(git(root, 'status', '--porcelain'), '');
  }
});

test('a spare work tree goes with its mirror, and so does one that was never completed', async (t) => {
  const { b, script } = setUp(t);
  const { cacheFolder } = b;
  await tended(await b.checkout(script));
  const spare = await spareOf(b);
  const [withSpare] = await listMirrors(cacheFolder);
  mkdirSync(path.join(`${spare}.new`, 'tree'), { recursive: true });
  await pruneMirrors({ cacheFolder, limits: { maxAgeMs: 0, maxBytes: 0 } });
  t.true(existsSync(spare));
  t.false(existsSync(`${spare}.new`));
  execFileSync('rm', ['-r', spare]);
  const [alone] = await listMirrors(cacheFolder);
  t.true((withSpare?.bytes ?? 0) > (alone?.bytes ?? 0));
  await tended(await b.checkout(script));
  t.true(existsSync(spare));
  await pruneMirrors({ cacheFolder, limits: { maxAgeMs: 0, maxBytes: 1 } });
  t.deepEqual(readdirSync(path.dirname(spare)), ['agent-collected']);
});

test('no spare work tree is made of a repository with files in LFS, nor without a cache', async (t) => {
  const { b, source, script } = setUp(t);
  await t.notThrowsAsync(async () => tended(await b.checkout(script, { 'agent.vcs_cache.enabled': false })));
  t.false(existsSync(b.cacheFolder) && readdirSync(b.cacheFolder).includes('mirrors'));
  source.commit({ '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n' });
  await tended(await b.checkout(script));
  t.false(existsSync(await spareOf(b)));
});
